// Shapes of sm90_mx_loose's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/sm90_mx_swap_shape.h"

namespace octet::ops::gemm_grouped {

/// block_m, block_n, groups, stages, gatherers, blocks of a multiprocessor: as mx_swap_shape.
#define OCTET_SM90_MX_LOOSE_KERNELS(X) \
  X(8, 64, 1, 11, 1, 2)                \
  X(16, 64, 1, 10, 1, 2)               \
  X(32, 64, 1, 8, 1, 2)                \
  X(64, 64, 1, 6, 2, 1)

}  // namespace octet::ops::gemm_grouped
