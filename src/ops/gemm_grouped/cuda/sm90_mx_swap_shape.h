// Shapes of sm90_mx_swap's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/swap_shape.h"

namespace octet::ops::gemm_grouped {

/// A stage holds a word of four exponents for each row of weights. Four products a stage: of more
/// tokens, or with more blocks, only one stage's fit the registers.
constexpr GroupedShape mx_swap_shape(int block_m, int block_n, int groups, int stages,
                                     int gatherers, int blocks) {
  const int flight = block_m == 8 || (block_m == 16 && blocks == 1) ? 2 : 1;
  return {{block_m, block_n, groups, stages, block_n, flight}, gatherers, blocks};
}

/// block_m, block_n, groups, stages, gatherers, blocks of a multiprocessor.
#define OCTET_SM90_MX_SWAP_KERNELS(X) \
  X(8, 64, 1, 5, 1, 4)                \
  X(8, 64, 2, 12, 1, 1)               \
  X(8, 64, 2, 7, 1, 2)                \
  X(8, 128, 1, 6, 1, 2)               \
  X(16, 64, 1, 6, 1, 3)               \
  X(16, 64, 2, 12, 1, 1)              \
  X(16, 128, 1, 8, 1, 1)              \
  X(16, 128, 1, 6, 1, 2)              \
  X(32, 64, 1, 8, 1, 2)               \
  X(32, 64, 2, 10, 1, 1)              \
  X(32, 128, 1, 7, 1, 1)              \
  X(64, 64, 1, 6, 2, 1)

}  // namespace octet::ops::gemm_grouped
