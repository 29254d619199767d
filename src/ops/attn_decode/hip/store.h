// Where results go: rows of out in its type, the log of the denominator.
#pragma once

#include "src/ops/attn_decode/hip/view.h"

namespace octet::ops::attn_decode::hip {

/// Softmax of a row, in powers of two: weights are 2^(logit - most), `sum` their sum.
struct Denominator {
  float weight, all, part, lse;  // weight: of what was added relative to most; part: 1 / all

  /// Rounded correctly, or next to it where `all` is not a normal number.
  OCTET_DEVICE float divide(float values) const {
    const float x = values * weight, q = x * part;
    return __builtin_fabsf(q) < kInfinity ? __builtin_fmaf(__builtin_fmaf(-q, all, x), part, q) : q;
  }
};
OCTET_DEVICE Denominator denominator(const GpuParams& p, int32_t head, float most, float sum) {
  const float sink = p.sinks == nullptr ? -kInfinity : p.sinks[head] * kLog2e;
  const float top = larger(most, sink);
  if (top == -kInfinity && sum == 0) return {0, 1, 0, -kInfinity};
  const float weight = fast_exp2(most - top);
  const float all = sum * weight + fast_exp2(sink - top);
  return {weight, all, fast_reciprocal(all), (top + fast_log2(all)) * kLn2};
}

OCTET_DEVICE void store_lse(const GpuParams& p, RowAt at, float lse) {
  if (p.lse == nullptr) return;
  const int64_t row = static_cast<int64_t>(at.sequence) * p.q_tokens + at.token;
  p.lse[row * p.kv_heads * p.group + at.head] = lse;
}

OCTET_DEVICE void store_as(void* out, OutType type, int64_t index, float x) {
  if (type == OutType::kF32) {
    static_cast<float*>(out)[index] = x;
  } else {
    static_cast<uint16_t*>(out)[index] = to_16_bits(x, type == OutType::kF16);
  }
}

/// Elements `index` to `index` + 3, at once where they are aligned.
OCTET_DEVICE void store_four(void* out, OutType type, int64_t index, Float4 x) {
  const bool wide = type == OutType::kF32;
  char* const to = static_cast<char*>(out) + index * (wide ? 4 : 2);
  if (reinterpret_cast<uintptr_t>(to) % (wide ? 16 : 8) != 0) {
    OCTET_NO_UNROLL
    for (int i = 0; i < 4; ++i) {
      store_as(out, type, index + i, i == 0 ? x[0] : i == 1 ? x[1] : i == 2 ? x[2] : x[3]);
    }
  } else if (wide) {
    *reinterpret_cast<Float4*>(to) = x;
  } else {
    *reinterpret_cast<Word2*>(to) = type == OutType::kF16
                                        ? Word2{to_f16x2(x[0], x[1]), to_f16x2(x[2], x[3])}
                                        : Word2{to_bf16x2(x[0], x[1]), to_bf16x2(x[2], x[3])};
  }
}

}  // namespace octet::ops::attn_decode::hip
