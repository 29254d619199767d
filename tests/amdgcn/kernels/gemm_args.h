// What the two test kernels of gemm.hip take, and how they can be made wrong.
#pragma once

#include <cstdint>

namespace octet::amdgcn {

enum Mutation : int32_t {
  kNone,
  kNoBarrier,       // between writing and reading the tiles
  kWrongSwizzle,    // of the reads of one tile
  kWrongRowMap,     // of the results
  kContiguous,      // 32 neighbouring bytes of k in a lane: wrong for scaled 8-bit elements
  kWrongScaleLane,  // the scale of the data that the lane holds, not of the block that it names
  kDivergent,       // a barrier that half of the lanes reach
  kNumMutations
};

/// d = a b^T: a (m, k), b (n, k) of FP8, scales (m or n, k / 32) of e8m0, d (m, n) of float32.
struct GemmArgs {
  const uint8_t *a, *b, *a_scale, *b_scale;
  float* d;
  int32_t m, n, k, mutation;
};

}  // namespace octet::amdgcn
