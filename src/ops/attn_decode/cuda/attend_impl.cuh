// The steps of Attend (attend.cuh) over a tile.
#pragma once

#include "src/ops/attn_decode/cuda/attend_q.cuh"
#include "src/ops/attn_decode/cuda/special_codes.h"

namespace octet::ops::attn_decode {

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::dot_products(uint32_t codes, int tile, Logits& x) const {
  Logits other;  // two chains of instructions
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int e = 0; e < 4; ++e) x[r][e] = other[r][e] = 0;
  }
#pragma unroll
  for (int j = 0; j < S.dim / 64; ++j) {  // 16 bytes of each of two tokens
    const int piece = S.dim == 64 ? c : j / 2 * 8 + c * 2 + j % 2;
    uint32_t low[4], high[4];
    gpu::shared_load_words(codes + piece_at<S>(tile * 16 + g, piece), low);
    gpu::shared_load_words(codes + piece_at<S>(tile * 16 + g + 8, piece), high);
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const uint32_t a[4] = {widen_pair<S.e5m2>(low[w]), widen_pair<S.e5m2>(high[w]),
                             widen_pair<S.e5m2, true>(low[w]), widen_pair<S.e5m2, true>(high[w])};
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        multiply(w % 2 == 0 ? x[r] : other[r], a, q[r][j * 4 + w]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int e = 0; e < 4; ++e) x[r][e] += other[r][e];
  }
}

/// From dot products to logits in powers of two; -infinity for what a row does not see.
template <SplitShape S>
__device__ __forceinline__ void Attend<S>::finish_logits(uint32_t scales, const Walk<kUnit>& walk,
                                                         int32_t first, bool whole,
                                                         Logits& x) const {
#pragma unroll
  for (int high = 0; high < 2; ++high) {
    ScaleShift k{1, 0};
    if constexpr (S.token_scales) k = token_scale(p.k, scales, high * 8 + g);
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        float& logit = x[r][high * 2 + h];
        logit *= scale[r][h];
        if constexpr (S.token_scales) {
          logit = logit * k.scale + (k.shift == 0 ? 0 : k.shift * q_sum[r][h]);
        }
      }
    }
  }
  if (p.soft_cap > 0) {
#pragma unroll
    for (int i = 0; i < kRowTiles * 4; ++i) {
      x[i / 4][i % 4] = capped(x[i / 4][i % 4], p.soft_cap * kLog2e);
    }
  }
  if (whole) return;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const Tokens seen = visible(p, walk.length, token[r][h]);
      if (!seen.holds(first + g)) x[r][h] = -INFINITY;
      if (!seen.holds(first + g + 8)) x[r][2 + h] = -INFINITY;
    }
  }
}

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::follow_maximum(const Logits& x) {
  bool passed = false;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int h = 0; h < 2; ++h) passed |= fmaxf(x[r][h], x[r][2 + h]) > most[r][h] + kSlack;
  }
  if (!__any_sync(kWarp, passed)) return;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float next = fmaxf(most[r][h], max_of_column(fmaxf(x[r][h], x[r][2 + h])));
      rescale(r, h, most[r][h] == next ? 1.0f : exp2_of(most[r][h] - next));
      most[r][h] = next;
    }
  }
}

/// Weights are multiplied by scales of values before they become f16: by their size against the
/// largest of the tile.
template <SplitShape S>
__device__ __forceinline__ void Attend<S>::follow_exponent(uint32_t scales) {
  const float scale_of_token = token_scale(p.v, scales, (g * 4 + c) % 16).scale;
  uint32_t size = __float_as_uint(fabsf(scale_of_token));
  if (size >= 0x7f800000) size = 0;
  const int tile_exponent = static_cast<int>(__reduce_max_sync(kWarp, size) >> 23) - 126;
  highest = max(highest, tile_exponent);
  const int next = max(tile_exponent, highest - 40);
  if (next == exponent) return;
  const float by = exp2_of(static_cast<float>(max(exponent - next, -126)));
  exponent = next;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int i = 0; i < kOutTiles; ++i) {
#pragma unroll
      for (int e = 0; e < 4; ++e) sums[r][i][e] *= by;
    }
  }
}

/// From logits to weights, times the scales of values.
template <SplitShape S>
__device__ __forceinline__ void Attend<S>::weigh(uint32_t scales, Logits& x) {
  const float down = S.token_scales ? exp2_of(static_cast<float>(-exponent)) : 1.0f;
#pragma unroll
  for (int high = 0; high < 2; ++high) {
    ScaleShift v{1, 0};
    if constexpr (S.token_scales) v = token_scale(p.v, scales, high * 8 + g);
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        float& logit = x[r][high * 2 + h];
        const float base = (most[r][h] == -INFINITY ? 0 : most[r][h]) - kLift;
        const bool hidden = logit == -INFINITY;
        const float weight = exp2_of(logit - base);
        sum[r][h] += weight;
        logit = weight;
        if constexpr (S.token_scales) {
          if (v.shift != 0 && !hidden) shift[r][h] += weight * v.shift;
          logit = hidden ? 0 : weight * (v.scale * down);
        }
      }
    }
  }
}

/// Of a word of four tokens: 16 elements (the 8 of `two`, those behind them) by 16 tokens.
template <bool kE5m2>
__device__ __forceinline__ void make_operand(const uint32_t (&word)[4], int two,
                                             uint32_t (&a)[4]) {
  const uint32_t low = __byte_perm(word[0], word[1], two == 0 ? 0x5140 : 0x7362);
  const uint32_t high = __byte_perm(word[2], word[3], two == 0 ? 0x5140 : 0x7362);
  a[0] = widen_pair<kE5m2>(low), a[1] = widen_pair<kE5m2, true>(low);
  a[2] = widen_pair<kE5m2>(high), a[3] = widen_pair<kE5m2, true>(high);
}

/// Adds weighted values. kMasked: not every row sees all of the tile, and none a token outside of
/// `seen`. The weight of what a row does not see is zero, but zero times NaN is not: codes that are
/// no numbers are left out then; whether there were any.
template <SplitShape S>
template <bool kMasked>
__device__ __forceinline__ bool Attend<S>::add_values(uint32_t codes, int tile, const Logits& x,
                                                      Tokens seen, int32_t first) {
  uint32_t weights[kRowTiles][2];
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
    weights[r][0] = transpose(gpu::pack<__half>(x[r][0], x[r][1]));
    weights[r][1] = transpose(gpu::pack<__half>(x[r][2], x[r][3]));
  }
  uint32_t words[4][kWords], special = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if constexpr (S.dim == 64) {
      const float2 both = gpu::shared_load_pair(value_word(codes, tile, i, 0));
      words[i][0] = __float_as_uint(both.x), words[i][1] = __float_as_uint(both.y);
    } else {
#pragma unroll
      for (int w = 0; w < kWords; w += 4) {
        uint32_t(&part)[4] = reinterpret_cast<uint32_t(&)[4]>(words[i][w]);
        gpu::shared_load_words(value_word(codes, tile, i, w), part);
      }
    }
    if constexpr (kMasked) {
      const bool here = seen.holds(first + token_of(i));
#pragma unroll
      for (int w = 0; w < kWords; ++w) {
        if (!here) words[i][w] = 0;
        const uint32_t bytes = special_bytes<S.e5m2>(words[i][w]);
        special |= bytes;
        words[i][w] &= ~bytes;
      }
    }
  }
#pragma unroll
  for (int w = 0; w < kWords; ++w) {
#pragma unroll
    for (int two = 0; two < 2; ++two) {
      uint32_t a[4];
      make_operand<S.e5m2>({words[0][w], words[1][w], words[2][w], words[3][w]}, two, a);
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) multiply(sums[r][w * 2 + two], a, weights[r]);
    }
  }
  return kMasked && __any_sync(kWarp, special != 0);
}

/// Infinities and NaN among values, to the rows that see them: where a product of ones is not zero
/// a sum gets an infinity, from NaN one of each sign. Sums take turns at the first place: unrolled,
/// this would need more registers than there are.
template <SplitShape S>
__device__ __forceinline__ void Attend<S>::add_specials(uint32_t codes, int tile, Tokens seen,
                                                        int32_t first, int32_t length) {
  uint32_t ones[kRowTiles][2];  // where row g sees a token
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
    const Tokens own = visible(p, length, own_token[r]);
    const auto one = [&](int i) { return own.holds(first + token_of(i)) ? 0x3c00u : 0u; };
    ones[r][0] = one(0) | one(1) << 16, ones[r][1] = one(2) | one(3) << 16;
  }
#pragma unroll 1
  for (int turn = 0; turn < kWords * 4; ++turn) {
    const int w = turn / 4, two = turn / 2 % 2, negative = turn % 2;
    uint32_t word[4], a[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t all = __float_as_uint(gpu::shared_load(value_word(codes, tile, i, w)));
      word[i] = seen.holds(first + token_of(i)) ? ones_of_specials<S.e5m2>(all, negative) : 0;
    }
    make_operand<S.e5m2>(word, two, a);
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
      float count[4] = {};
      multiply(count, a, ones[r]);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        if (count[e] > 0) sums[r][0][e] += negative ? -INFINITY : INFINITY;
      }
    }
    if (negative) next_sums();
  }
}

template <SplitShape S>
__device__ __forceinline__ void Attend<S>::unit(uint32_t codes, uint32_t scales,
                                                const Walk<kUnit>& walk, int32_t first,
                                                int first_tile, int last_tile) {
  // What every query token sees: from the last one's first on, up to the first one's last.
  const int32_t from = visible(p, walk.length, p.q_tokens - 1).first;
  const int32_t to = visible(p, walk.length, 0).last;
  first += first_tile * 16, scales += first_tile * 64;
#pragma unroll 1
  for (int tile = first_tile; tile < last_tile; ++tile, first += 16, scales += 64) {
    const bool whole = first >= from && first + 16 <= to;
    Logits x;
    dot_products(codes, tile, x);
    finish_logits(scales, walk, first, whole, x);
    follow_maximum(x);
    if constexpr (S.token_scales) follow_exponent(scales + kUnit * 8);
    weigh(scales + kUnit * 8, x);
    if (whole) {
      add_values<false>(codes + kUnitBytes, tile, x, {}, first);
      continue;
    }
    const Tokens seen = {visible(p, walk.length, 0).first,  // by any
                         visible(p, walk.length, p.q_tokens - 1).last};
    if (add_values<true>(codes + kUnitBytes, tile, x, seen, first)) {
      add_specials(codes + kUnitBytes, tile, seen, first, walk.length);
    }
  }
}

}  // namespace octet::ops::attn_decode
