// Shapes of sm90_fp4's kernels. Plain C++, shared by the kernel and its host.
#pragma once

#include "src/ops/gemm_batched/cuda/tile_shape.h"

namespace octet::ops::gemm_batched {

constexpr TileShape fp4_shape(int block_m, int block_n, int stages) {
  return {Method::kE2m1, Left::kWeights, block_m, block_n, stages};
}

// X(block_m, block_n, stages): one kernel each, named octet_sm90_batched_fp4_<block_m>x<block_n>.
#define OCTET_SM90_BATCHED_FP4_SHAPES(X) \
  X(128, 128, 2)                         \
  X(64, 192, 3)                          \
  X(32, 192, 5)                          \
  X(16, 192, 6)                          \
  X(64, 128, 4)                          \
  X(16, 128, 8)                          \
  X(16, 64, 12)

}  // namespace octet::ops::gemm_batched
