// Shapes of sm90_wgmma_swap's kernels, for the host that launches them and the device code alike.
#pragma once

#include "src/gpu/swap_shape.h"

namespace octet::ops::gemm_mxfp8 {

/// A stage holds a word of four exponents for each row of weights.
constexpr gpu::SwapShape swap_shape(int block_m, int block_n, int groups, int stages) {
  return {block_m, block_n, groups, stages, block_n};
}

/// block_m, block_n, groups, stages. Rings of 105 to 150 KB, as in gemm_blockscale.
#define OCTET_SM90_MX_SWAP_KERNELS(X) \
  X(8, 64, 1, 12)                     \
  X(8, 64, 2, 12)                     \
  X(8, 128, 1, 6)                     \
  X(16, 64, 1, 11)                    \
  X(16, 64, 2, 10)                    \
  X(16, 128, 1, 6)                    \
  X(32, 64, 1, 9)

/// Blocks that may share k.
inline constexpr int kSwapSplits[] = {1, 2, 3, 4, 6, 8};
inline constexpr int kSwapMaxSplit = 8;

}  // namespace octet::ops::gemm_mxfp8
