// From dot products to weights: scales, shifts and cap of logits, what a query does not see, the
// maximum that weights are relative to.
#pragma once

#include "src/ops/attn_decode/hip/attend.h"

namespace octet::ops::attn_decode::hip {

OCTET_DEVICE ScaleShift scale_of_words(const CacheParams& cache, uint32_t word, uint32_t shift) {
  if (cache.packed != nullptr) return unpack_scale(word);
  return {as_float(word), as_float(shift)};
}

/// From dot products to logits in powers of two; -infinity for what a row does not see.
template <SplitShape S>
OCTET_DEVICE void Attend<S>::finish_logits(const Place& at, const ScaleWords& words, bool whole,
                                           Logits& x) const {
  const float by = as_float(made_here(as_bits(scale)));
  OCTET_UNROLL
  for (int s = 0; s < S.row_tiles(); ++s) x[s] *= by;
  if constexpr (S.token_scales) {
    const ScaleShift k = scale_of_words(p->k, words.k, words.k_shift);
    const bool shifts = p->k.packed != nullptr || p->k.shift != nullptr;
    OCTET_UNROLL
    for (int i = 0; i < kTokens; ++i) {
      float& logit = reinterpret_cast<float*>(&x[i / 4])[i % 4];
      logit *= of_token(k.scale, i);
      if (!shifts) continue;
      const float add = of_token(k.shift, i);
      logit += add == 0 ? 0 : add * q_sum;
    }
  }
  if (p->soft_cap > 0) {
    OCTET_UNROLL
    for (int i = 0; i < kTokens; ++i) x[i / 4][i % 4] = capped(*p, x[i / 4][i % 4]);
  }
  if (whole) return;
  const auto of_row = static_cast<int32_t>(made_here(static_cast<uint32_t>(token)));
  const Tokens seen = visible(*p, length, of_row).from(at.first + first_token());
  const float hidden = as_float(made_here(as_bits(-kInfinity)));
  OCTET_UNROLL
  for (int i = 0; i < kTokens; ++i) x[i / 4][i % 4] = seen.hold(i) ? x[i / 4][i % 4] : hidden;
}

template <SplitShape S>
OCTET_DEVICE void Attend<S>::follow_maximum(const Logits& x) {
  float next = sums.most;
  OCTET_UNROLL
  for (int i = 0; i < kTokens; ++i) next = larger(x[i / 4][i % 4], next);  // not of NaN
  if (ballot(next > sums.most + kSlack) == 0) return;
  next = largest_of_row(next);
  const float by = fold(sums.most, next);
  sums.sum *= by, shift *= by;
  sums.scale_values(by);
  sums.most = next;
}

/// Weights are multiplied by scales of values before they become f16: by their size against the
/// largest of the tile.
template <SplitShape S>
OCTET_DEVICE void Attend<S>::follow_exponent(float scale_of_token) {
  const float size = __builtin_fabsf(scale_of_token);
  const float most = max_lanes<S.tile()>(size < kInfinity ? size : 0);
  const auto of_tile = static_cast<int32_t>(uniform(as_bits(most) >> 23)) - 126;
  highest = largest_of(highest, of_tile);
  const int32_t next = largest_of(of_tile, highest - 40);
  if (next == exponent) return;
  sums.scale_values(scale_by_power(1.0f, largest_of(exponent - next, -126)));
  exponent = next;
}

template <SplitShape S>
OCTET_DEVICE auto Attend<S>::weigh(const Place& at, const ScaleWords& words, bool whole, Logits& x)
    -> Weights {
  finish_logits(at, words, whole, x);
  follow_maximum(x);
  ScaleShift v{1, 0};
  if constexpr (S.token_scales) {
    v = scale_of_words(p->v, words.v, words.v_shift);
    follow_exponent(v.scale);
    v.scale = scale_by_power(v.scale, -exponent);
  }
  const float base = base_of(sums.most) - kLift;
  const bool shifts = S.token_scales && (p->v.packed != nullptr || p->v.shift != nullptr);
  float weights[kTokens];
  OCTET_UNROLL
  for (int i = 0; i < kTokens; ++i) {
    const float logit = x[i / 4][i % 4];
    weights[i] = fast_exp2(logit - base);
    sums.sum += weights[i];
    if constexpr (S.token_scales) {
      const bool hidden = logit == -kInfinity;
      if (shifts) {
        const float add = of_token(v.shift, i);
        shift += add == 0 || hidden ? 0 : weights[i] * add;
      }
      const float by = of_token(v.scale, i);
      weights[i] = hidden ? 0 : weights[i] * by;
    }
  }
  Weights halves;
  OCTET_UNROLL
  for (int i = 0; i < kTokens; i += 2) halves[i / 2] = to_f16x2(weights[i], weights[i + 1]);
  return halves;
}

}  // namespace octet::ops::attn_decode::hip
