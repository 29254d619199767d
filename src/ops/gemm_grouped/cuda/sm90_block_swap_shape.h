// Shapes of sm90_block_swap's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/swap_shape.h"

namespace octet::ops::gemm_grouped {

/// One scale serves all weights of a stage: block_n divides 128.
constexpr GroupedShape block_swap_shape(int block_m, int block_n, int groups, int stages,
                                        int gatherers, int blocks) {
  const int flight = block_m >= 64 && blocks == 2 ? 1 : 2;  // what the registers hold
  return {{block_m, block_n, groups, stages, 1, flight}, gatherers, blocks};
}

/// block_m, block_n, groups, stages, gatherers, blocks of a multiprocessor.
#define OCTET_SM90_BLOCK_SWAP_KERNELS(X) \
  X(8, 64, 1, 11, 1, 2)                  \
  X(8, 64, 2, 12, 1, 2)                  \
  X(8, 128, 1, 6, 1, 2)                  \
  X(16, 64, 1, 5, 1, 4)                  \
  X(16, 64, 2, 12, 1, 1)                 \
  X(16, 128, 1, 6, 1, 2)                 \
  X(32, 64, 1, 8, 1, 2)                  \
  X(32, 128, 1, 5, 1, 2)                 \
  X(64, 64, 1, 6, 2, 2)                  \
  X(64, 128, 1, 5, 2, 1)

}  // namespace octet::ops::gemm_grouped
