// What the kernels on bf16 pairs share: values as pairs of tokens, weights as two bf16 each.
//
// Layout     a decoded tile of values is (token pairs, row_step) pairs of bf16. Inside 64 of dim,
//            vector j holds dim 16 L + 4 j + i in place 4 L + i (L, i: 0..3), and so does acc until
//            finish(). Weights of 32 tokens are 32 bf16, then 32 bf16 of what rounding left
// Requires   as avx512_block.h, and avx512_bf16; q in bf16; include only from kernel files
// Numerics   codes are exact in bf16; a weight is off by 2^-18 of itself; sums in float32, where
//            subnormal ones are zero
// Method     two rows of codes are woven byte by byte before they are decoded, which makes pairs of
//            what decoding would unpack anyhow. Where a row does not see all of a tile, or a value
//            is infinite (the rest of its weight times that would be NaN), rows go alone, in
//            float32
#pragma once

#include "src/cpu/avx512_block.h"
#include "src/ops/attn_decode/cpu/attend.h"

namespace octet::ops::attn_decode {
namespace {

using cpu::Bf16x64;

struct Avx512Vectors {
  static constexpr int kLanes = 16;
  using Vector [[gnu::vector_size(64)]] = float;
  using Bits [[gnu::vector_size(64)]] = int32_t;
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
};

/// A value of a pair as float32.
OCTET_INLINE __m512 first_of(__m512i pairs) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}
OCTET_INLINE __m512 second_of(__m512i pairs) {
  return _mm512_castsi512_ps(
      _mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
}

OCTET_INLINE __m512i bf16_of(__m512 first, __m512 second) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
}

/// Rows that are left to prefetch.
struct Ahead {
  const uint8_t *const *next, *const *end;

  void take(const Split& s, int64_t count) {
    for (; count > 0 && next < end; --count, ++next) {
      for (int64_t d = 0; d < s.dim; d += kLine) _mm_prefetch(*next + d, _MM_HINT_T1);
    }
  }
};

/// A line of each of four rows.
OCTET_INLINE void prefetch4(const uint8_t* const* rows, int64_t d) {
  for (int i = 0; i < 4; ++i) _mm_prefetch(rows[i] + d, _MM_HINT_T1);
}

/// `D` is made from a Split; decode4(codes, values): four times 64 codes to bf16 in unpack order
/// (avx512_block.h).
template <class D>
struct PairProducts {
  using Engine = Avx512Vectors;
  static constexpr int64_t kTileTokens = 64;

  static float unit(const Split&) { return 1; }
  template <bool kKeys>
  static bool at_once(const Split&, const Tile&, const Decoded&, int64_t, int64_t) {
    return false;
  }

  /// q as bf16, which it is: what `to` holds is (rows, row_step).
  static void narrow_q(const Split& s, int64_t begin, int64_t rows, uint16_t* to) {
    const float* from = s.q + begin * s.row_step;
    for (int64_t i = 0; i < rows * s.row_step; i += 32) {
      _mm512_storeu_si512(to + i,
                          bf16_of(_mm512_loadu_ps(from + i), _mm512_loadu_ps(from + i + 16)));
    }
  }

  OCTET_APART static void pack(float* weights, int64_t count) {
    for (int64_t n = 0; n < count; n += 32) {
      const __m512 a = _mm512_loadu_ps(weights + n), b = _mm512_loadu_ps(weights + n + 16);
      const __m512i high = bf16_of(a, b);
      const __m512i wide_a = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(high));
      const __m512i wide_b = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(high, 1));
      const __m512i low =
          bf16_of(_mm512_sub_ps(a, first_of(wide_a)), _mm512_sub_ps(b, first_of(wide_b)));
      _mm512_storeu_si512(weights + n, high);
      _mm512_storeu_si512(weights + n + 16, low);
    }
  }

  /// Weight n of packed ones.
  static float weight_at(const float* weights, int64_t n) {
    const auto* pair = reinterpret_cast<const uint8_t*>(weights + n / 32 * 32) + n % 32 * 2;
    uint16_t high, low;
    memcpy(&high, pair, 2);
    memcpy(&low, pair + 64, 2);
    return __builtin_bit_cast(float, high << 16) + __builtin_bit_cast(float, low << 16);
  }

  static bool is_infinite(__m512i codes) {
    const __m512i magnitude = _mm512_and_si512(codes, _mm512_set1_epi8(0x7f));
    return _mm512_cmpeq_epi8_mask(magnitude, _mm512_set1_epi8(0x7c)) != 0;
  }

  /// 64 of dim of four tokens, woven: pairs of the first two in the low and the high halves of
  /// lanes, then those of the others. Whether a code is infinite where there are such.
  static bool weave4(const Split& s, const uint8_t* const* rows, int64_t d, __m512i (&codes)[4]) {
    bool infinite = false;
    for (int i = 0; i < 4; i += 2) {
      const __m512i a = cpu::load_left(rows[i] + d, s.dim - d);
      const __m512i b = cpu::load_left(rows[i + 1] + d, s.dim - d);
      codes[i] = _mm512_unpacklo_epi8(a, b);
      codes[i + 1] = _mm512_unpackhi_epi8(a, b);
      if (s.e5m2) infinite |= is_infinite(a) || is_infinite(b);
    }
    return infinite;
  }

  /// Whether a value is infinite.
  OCTET_APART static bool decode_values(const Split& s, const Tile& tile,
                                        const uint8_t* const* ahead) {
    const D decoder(s);
    bool infinite = false;
    for (int64_t n = 0; n < round_up(tile.tokens, 32); n += 4) {
      float* to = s.tile + n / 2 * s.row_step;
      for (int64_t d = 0; d < s.dim; d += 64) {
        __m512i codes[4];
        Bf16x64 decoded[4];
        prefetch4(ahead + n, d);
        infinite |= weave4(s, tile.rows + n, d, codes);
        decoder.decode4(codes, decoded);
        for (int i = 0; i < 4; ++i) {
          float* at = to + i / 2 * s.row_step + d + i % 2 * 32;
          _mm512_store_si512(at, decoded[i].first);
          _mm512_store_si512(at + 16, decoded[i].second);
        }
      }
    }
    return infinite;
  }

  /// A row over tokens `seen` of the tile, in float32.
  OCTET_APART static void value_row(const Split& s, const float* weights, const Seen& seen,
                                    float* acc) {
    for (int64_t n = seen.from; n < seen.to; ++n) {
      const __m512 weight = _mm512_set1_ps(weight_at(weights, n));
      const float* pairs = s.tile + n / 2 * s.row_step;
      for (int64_t d = 0; d < s.row_step; d += 16) {
        const __m512i pair = _mm512_loadu_si512(pairs + d);
        const __m512 value = n % 2 == 0 ? first_of(pair) : second_of(pair);
        _mm512_storeu_ps(acc + d, _mm512_fmadd_ps(weight, value, _mm512_loadu_ps(acc + d)));
      }
    }
  }

  /// acc in the order of dim.
  static void finish(const Split& s, float* acc) {
    for (int64_t d = 0; d < s.row_step; d += 64) {
      __m512 v[4], low[2], high[2];
      for (int j = 0; j < 4; ++j) v[j] = _mm512_loadu_ps(acc + d + 16 * j);
      for (int j = 0; j < 2; ++j) {  // lanes of 128 bits: 0 and 1, 2 and 3 of two vectors
        low[j] = _mm512_shuffle_f32x4(v[2 * j], v[2 * j + 1], 0x44);
        high[j] = _mm512_shuffle_f32x4(v[2 * j], v[2 * j + 1], 0xee);
      }
      _mm512_storeu_ps(acc + d, _mm512_shuffle_f32x4(low[0], low[1], 0x88));
      _mm512_storeu_ps(acc + d + 16, _mm512_shuffle_f32x4(low[0], low[1], 0xdd));
      _mm512_storeu_ps(acc + d + 32, _mm512_shuffle_f32x4(high[0], high[1], 0x88));
      _mm512_storeu_ps(acc + d + 48, _mm512_shuffle_f32x4(high[0], high[1], 0xdd));
    }
  }
};

}  // namespace
}  // namespace octet::ops::attn_decode
