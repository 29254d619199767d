// Shapes of sm90_wgmma_promote's kernels. Plain C++, shared by the kernel and its host.
#pragma once

#include "src/ops/gemm_mxfp8/cuda/tile_shape.h"

namespace octet::ops::gemm_mxfp8 {

constexpr TileShape promote_shape(int block_m, int block_n, int groups, int stages, int split) {
  return {block_m, block_n, groups, stages, split, false};
}

// X(block_m, block_n, groups, stages, split): one kernel each, named
// octet_sm90_mx_wgmma_promote_<block_m>x<block_n>_g<groups>_c<split>.
#define OCTET_SM90_MX_PROMOTE_KERNELS(X) \
  X(32, 64, 2, 10, 1)                    \
  X(32, 64, 2, 10, 2)                    \
  X(32, 64, 2, 10, 4)                    \
  X(32, 128, 1, 8, 1)                    \
  X(32, 128, 1, 8, 2)                    \
  X(32, 128, 1, 8, 4)                    \
  X(64, 48, 2, 12, 1)                    \
  X(64, 64, 2, 8, 2)                     \
  X(64, 64, 2, 8, 4)                     \
  X(64, 64, 2, 8, 8)                     \
  X(64, 128, 1, 7, 1)                    \
  X(64, 128, 1, 6, 2)                    \
  X(64, 128, 1, 6, 4)                    \
  X(64, 192, 1, 5, 1)                    \
  X(64, 192, 1, 4, 2)

}  // namespace octet::ops::gemm_mxfp8
