// The exponents of sm90_wgmma_promote as the floats that products are multiplied with.
#pragma once

#include "src/ops/gemm_mxfp8/cuda/factor_feed.cuh"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_promote_shape.h"

namespace octet::ops::gemm_mxfp8 {

/// A power of two as a float, 2^-127 included. Past kMost it is NaN.
template <uint32_t kMost>
__device__ __forceinline__ uint32_t float_factor(uint32_t word, int i) {
  const uint32_t exponent = mx_exponent(word, i);
  return exponent > kMost ? kNanBits : max(exponent << 23, 0x00400000u);
}

/// Products are below 2^24: times 2^104 they fit. Then any factor does what the result does.
template <TileShape S>
using PromoteLeft = LeftExponents<S, float_factor<231>>;

/// Of the right operand: two neighbouring columns in 64 a lane of a warp.
template <TileShape S>
struct PromoteRight {
  static constexpr bool kTokens = S.swapped();
  static constexpr int kPairs = (S.right() + 63) / 64;
  const uint8_t* rows[kPairs][2];

  /// The first column of a lane's pair.
  __device__ __forceinline__ static int column(int i) { return (i * 32 + threadIdx.x % 32) * 2; }
  __device__ __forceinline__ static bool idle(int i) { return column(i) >= S.right(); }

  __device__ __forceinline__ void place(const Sm90Params& p, const typename Work<S>::Place& at) {
#pragma unroll
    for (int i = 0; i < kPairs; ++i) {
      rows[i][0] = exponents_of<S, false>(p, at, column(i));
      rows[i][1] = exponents_of<S, false>(p, at, column(i) + 1);
    }
  }
  __device__ __forceinline__ void request(Shared<S> shared, int slot, int k) const {
#pragma unroll
    for (int i = 0; i < kPairs; ++i) {
      if (idle(i)) continue;
      const uint32_t to = shared.right_exponents(slot) + column(i) * 4;
      copy_word(to, rows[i][0] + k * 4, true);
      copy_word(to + 4, rows[i][1] + k * 4, true);
    }
  }
  __device__ __forceinline__ static void unfold(Shared<S> shared, int slot, int stage) {
#pragma unroll
    for (int i = 0; i < kPairs; ++i) {
      if (idle(i)) continue;
      const int first = column(i);
      const float2 pair = shared_load_pair(shared.right_exponents(slot) + first * 4);
      const uint32_t x = __float_as_uint(pair.x), y = __float_as_uint(pair.y);
      const uint32_t to =
          shared.right_factors(stage) + first / 16 * 64 + first % 8 * 8 + first / 8 % 2 * 8;
#pragma unroll
      for (int part = 0; part < 4; ++part) {
        shared_store_pair(to + part * S.right_factor_bytes(), float_factor<254>(x, part),
                          float_factor<254>(y, part));
      }
    }
  }
};

}  // namespace octet::ops::gemm_mxfp8
