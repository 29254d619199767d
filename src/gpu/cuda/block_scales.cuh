// How few tokens' products of 128 of k are added with block scales: a float for each token and one
// for all weights of a stage. The `add` of a Scaling (swap_gemm.cuh).
#pragma once

#include "src/gpu/cuda/swap_gemm.cuh"

namespace octet::gpu::swap {

/// In shared memory: block_m scales of tokens, then that of the weights.
struct BlockProducts {
  static constexpr int kProducts = 1;

  template <SwapShape S>
  static __device__ __forceinline__ void add(float (&sum)[S.accumulators()],
                                             const float (&products)[1][S.accumulators()],
                                             uint32_t scales, const Seat& seat) {
    const float(&product)[S.accumulators()] = products[0];
    const float b_scale = shared_load(scales + S.block_m * 4);
    const uint32_t a_scales = scales + seat.lane % 4 * 8;
#pragma unroll
    for (int j = 0; j < S.block_m / 8; ++j) {
      const float2 a_scale = shared_load_pair(a_scales + j * 32);
      const float x = a_scale.x * b_scale, y = a_scale.y * b_scale;
      sum[4 * j] += product[4 * j] * x;
      sum[4 * j + 1] += product[4 * j + 1] * y;
      sum[4 * j + 2] += product[4 * j + 2] * x;
      sum[4 * j + 3] += product[4 * j + 3] * y;
    }
  }
};

}  // namespace octet::gpu::swap
