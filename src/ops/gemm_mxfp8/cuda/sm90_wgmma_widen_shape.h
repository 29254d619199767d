// Shapes of sm90_wgmma_widen's kernels. Plain C++, shared by the kernel and its host.
#pragma once

#include "src/ops/gemm_mxfp8/cuda/tile_shape.h"

namespace octet::ops::gemm_mxfp8 {

constexpr TileShape widen_shape(int block_m, int block_n, int groups, int stages, int split) {
  return {block_m, block_n, groups, stages, split, true};
}

// X(block_m, block_n, groups, stages, split): one kernel each, named
// octet_sm90_mx_wgmma_widen_<block_m>x<block_n>_g<groups>_c<split>.
#define OCTET_SM90_MX_WIDEN_KERNELS(X) \
  X(64, 64, 2, 6, 1)                   \
  X(64, 64, 2, 6, 2)                   \
  X(64, 64, 2, 6, 4)                   \
  X(64, 64, 2, 6, 8)                   \
  X(64, 128, 1, 5, 1)                  \
  X(64, 128, 1, 5, 2)                  \
  X(64, 128, 1, 5, 4)                  \
  X(96, 128, 1, 4, 1)                  \
  X(96, 128, 1, 4, 2)                  \
  X(96, 128, 1, 4, 4)                  \
  X(128, 128, 1, 4, 1)                 \
  X(128, 128, 1, 3, 2)                 \
  X(128, 128, 1, 3, 4)                 \
  X(192, 128, 1, 3, 1)

}  // namespace octet::ops::gemm_mxfp8
