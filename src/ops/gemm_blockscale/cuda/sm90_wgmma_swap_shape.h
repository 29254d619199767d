// Shapes of sm90_wgmma_swap's kernels, for the host that launches them and the device code alike.
#pragma once

#include "src/gpu/swap_shape.h"

namespace octet::ops::gemm_blockscale {

/// One scale serves all weights of a stage: block_n divides 128.
constexpr gpu::SwapShape swap_shape(int block_m, int block_n, int groups, int stages) {
  return {block_m, block_n, groups, stages, 1};
}

/// block_m, block_n, groups, stages. Rings of 105 to 150 KB: longer ones gain nothing.
#define OCTET_SM90_SWAP_KERNELS(X) \
  X(8, 64, 1, 12)                  \
  X(8, 64, 2, 12)                  \
  X(8, 128, 1, 6)                  \
  X(16, 64, 1, 11)                 \
  X(16, 64, 2, 10)                 \
  X(16, 128, 1, 6)                 \
  X(32, 64, 1, 9)                  \
  X(32, 128, 1, 6)

inline constexpr int kSwapMaxSplit = 3;

}  // namespace octet::ops::gemm_blockscale
