// Shapes of sm90_fp4's kernels. Plain C++, shared by the kernel and its host.
#pragma once

#include "src/ops/gemm_batched/cuda/tile_shape.h"

namespace octet::ops::gemm_batched {

constexpr TileShape fp4_shape(Method method, int block_m, int block_n, int stages, int resident = 1,
                              bool own = false) {
  return {method, Left::kWeights, block_m, block_n, stages, resident, own};
}

// X(name, method, block_m, block_n, stages, resident, own tokens): one kernel each, named
// octet_sm90_batched_<name>_<block_m>x<block_n>.
#define OCTET_SM90_BATCHED_FP4_SHAPES(X)          \
  X(fp4, kE2m1, 128, 128, 2, 1, false)            \
  X(fp4, kE2m1, 64, 192, 3, 1, false)             \
  X(fp4, kE2m1, 32, 192, 5, 1, false)             \
  X(fp4, kE2m1, 16, 192, 6, 1, false)             \
  X(fp4, kE2m1, 64, 128, 4, 1, false)             \
  X(fp4, kE2m1, 16, 128, 8, 1, false)             \
  X(fp4, kE2m1, 16, 64, 12, 1, false)             \
  X(fp4_codes, kE2m1Codes, 32, 128, 8, 1, false)  \
  X(fp4_codes, kE2m1Codes, 16, 192, 7, 1, false)  \
  X(fp4_codes, kE2m1Codes, 16, 128, 10, 1, false) \
  X(fp4_codes, kE2m1Codes, 16, 64, 8, 2, false)   \
  X(fp4_codes_own, kE2m1Codes, 16, 64, 5, 2, true)

}  // namespace octet::ops::gemm_batched
