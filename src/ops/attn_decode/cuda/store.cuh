// Where results go: rows of out in its type, the log of the denominator.
#pragma once

#include "src/gpu/cuda/matrix.cuh"
#include "src/ops/attn_decode/cuda/view.cuh"

namespace octet::ops::attn_decode {

constexpr float kLog2e = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

/// A row of an item: its query token and head.
struct RowAt {
  int32_t sequence, token, head;
};
__device__ __forceinline__ RowAt row_at(const Sm90Params& p, int32_t sequence, int32_t kv_head,
                                        int32_t row) {
  const int32_t token = p.by_group.quotient(row);
  return {sequence, token, kv_head * p.group + row - token * p.group};
}

__device__ __forceinline__ int64_t q_index(const Sm90Params& p, RowAt at) {
  return at.sequence * p.q_batch + at.token * p.q_token + at.head * p.q_head;
}

/// Softmax of a row, in powers of two: weights are 2^(logit - max), `sum` their sum.
struct Denominator {
  float weight, all, part, lse;  // weight: of what was added relative to max; part: 1 / all

  /// Rounded correctly, or next to it where `all` is not a normal number.
  __device__ __forceinline__ float divide(float values) const {
    const float x = values * weight, q = x * part;
    return fabsf(q) < INFINITY ? fmaf(fmaf(-q, all, x), part, q) : q;
  }
};
__device__ __forceinline__ Denominator denominator(const Sm90Params& p, int32_t head, float max,
                                                   float sum) {
  const float sink = p.sinks == nullptr ? -INFINITY : p.sinks[head] * kLog2e;
  const float most = fmaxf(max, sink);
  if (most == -INFINITY && sum == 0) return {0, 1, 0, -INFINITY};
  const float weight = exp2_of(max - most);
  const float all = sum * weight + exp2_of(sink - most);
  return {weight, all, __frcp_rn(all), (most + __log2f(all)) * kLn2};
}

__device__ __forceinline__ void store_lse(const Sm90Params& p, RowAt at, float lse) {
  if (p.lse == nullptr) return;
  p.lse[(static_cast<int64_t>(at.sequence) * p.q_tokens + at.token) * p.kv_heads * p.group +
        at.head] = lse;
}

__device__ __forceinline__ int64_t out_index(const Sm90Params& p, RowAt at) {
  return at.sequence * p.out_batch + at.token * p.out_token + at.head * p.out_head;
}

__device__ __forceinline__ void store_as(void* out, OutType type, int64_t index, float x) {
  switch (type) {
    case OutType::kF32:
      static_cast<float*>(out)[index] = x;
      break;
    case OutType::kBf16:
      static_cast<__nv_bfloat16*>(out)[index] = __float2bfloat16_rn(x);
      break;
    case OutType::kF16:
      static_cast<__half*>(out)[index] = __float2half_rn(x);
      break;
  }
}
__device__ __forceinline__ void store_element(const Sm90Params& p, int64_t index, float x) {
  store_as(p.out, p.out_type, index, x);
}

/// Elements `index` and the next.
__device__ __forceinline__ void store_pair(const Sm90Params& p, int64_t index, float x, float y) {
  const bool whole = index % 2 == 0 && reinterpret_cast<uintptr_t>(p.out) % 8 == 0;
  if (!whole) {
    store_element(p, index, x);
    store_element(p, index + 1, y);
  } else if (p.out_type == OutType::kF32) {
    reinterpret_cast<float2*>(p.out)[index / 2] = {x, y};
  } else {
    reinterpret_cast<uint32_t*>(p.out)[index / 2] =
        p.out_type == OutType::kBf16 ? gpu::pack<__nv_bfloat16>(x, y) : gpu::pack<__half>(x, y);
  }
}

}  // namespace octet::ops::attn_decode
