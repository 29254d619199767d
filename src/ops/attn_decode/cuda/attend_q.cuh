// How Attend (attend.cuh) gets rows of q: from memory, or as it kept them.
#pragma once

#include "src/ops/attn_decode/cuda/attend.cuh"

namespace octet::ops::attn_decode {

/// Twice 16 bits of q, times `factor`, as f16.
__device__ __forceinline__ uint32_t scaled_half_pair(uint32_t bf16_pair, float factor) {
  return gpu::pack<__half>(__uint_as_float(bf16_pair << 16) * factor,
                           __uint_as_float(bf16_pair & 0xffff0000) * factor);
}

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::ask_q(int32_t sequence, int32_t kv_head,
                                                 int32_t first_row) {
  k_scale = v_scale = 1;
  if (!S.token_scales && p.k.scale != nullptr) k_scale = p.k.scale[kv_head * p.k.scale_head];
  if (!S.token_scales && p.v.scale != nullptr) v_scale = p.v.scale[kv_head * p.v.scale_head];
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
    const int32_t row = first_row + r * kRowTile + g;
    const RowAt at = row_at(p, sequence, kv_head, min(row, p.rows - 1));
    own_token[r] = at.token;
    const uint16_t* from = p.q + q_index(p, at);
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      const uint2 words = *reinterpret_cast<const uint2*>(from + q_element(step));
      q[r][step][0] = words.x, q[r][step][1] = words.y;
    }
  }
}

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::make_q() {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
    uint32_t largest = 0;  // magnitude, as bits
    float all = 0;
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const uint32_t pair = q[r][step][half];
        largest = __vmaxu2(largest, pair & 0x7fff7fff);
        if constexpr (S.token_scales) {
          all += q_value(pair & 0xffff, p.q_f16) + q_value(pair >> 16, p.q_f16);
        }
      }
    }
    largest = max(largest >> 16, largest & 0xffff);
#pragma unroll
    for (int step = 1; step < 4; step *= 2) {
      largest = max(largest, __shfl_xor_sync(kWarp, largest, step));
      if constexpr (S.token_scales) all += __shfl_xor_sync(kWarp, all, step);
    }
    int up = 0;  // q is multiplied by 2^up
    if (!p.q_f16) {
      up = min(max(127 + 14 - static_cast<int>(largest >> 7), -112), 126);
      const float factor = __uint_as_float((127 + up) << 23);
#pragma unroll
      for (int step = 0; step < kSteps; ++step) {
        q[r][step][0] = scaled_half_pair(q[r][step][0], factor);
        q[r][step][1] = scaled_half_pair(q[r][step][1], factor);
      }
    }
    const float down = __uint_as_float((127 - up) << 23);
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int source = (c * 2 + h) * 4;
      scale[r][h] = p.softmax_scale * k_scale * __shfl_sync(kWarp, down, source);
      q_sum[r][h] = p.softmax_scale * __shfl_sync(kWarp, all, source);
      token[r][h] = __shfl_sync(kWarp, own_token[r], source);
    }
  }
}

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::keep_q(KeptQ& kept) const {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int i = 0; i < kSteps * 2; ++i) kept.q[r * kSteps * 2 + i][lane] = q[r][i / 2][i % 2];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      kept.scale[r * 2 + h][lane] = scale[r][h], kept.q_sum[r * 2 + h][lane] = q_sum[r][h];
      kept.token[r * 2 + h][lane] = token[r][h];
    }
    kept.own_token[r][lane] = own_token[r];
  }
}

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::restore_q(const KeptQ& kept) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int i = 0; i < kSteps * 2; ++i) q[r][i / 2][i % 2] = kept.q[r * kSteps * 2 + i][lane];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      scale[r][h] = kept.scale[r * 2 + h][lane], q_sum[r][h] = kept.q_sum[r * 2 + h][lane];
      token[r][h] = kept.token[r * 2 + h][lane];
    }
    own_token[r] = kept.own_token[r][lane];
  }
}

}  // namespace octet::ops::attn_decode
