// Products with vdpbf16ps of codes decoded to registers: no tile in memory.
//
// Layout     q lies in blocks of rows (set_q), acc as in pair_products.h
// Requires   as pair_products.h; include only from kernel files
// Method     up to four rows at once, which decode for themselves. Keys: a vector over dim for each
//            dot product, 16 reduced together. Values: pairs of tokens woven, decoded and
//            multiplied, 64 or 128 of dim at a time over all tokens of the tile
//            Why loops over sums are unrolled to the last: else sums are stored to the stack each
//            time around, 16 stores of a line for 256 bytes of codes
#pragma once

#include "src/ops/attn_decode/cpu/pair_products.h"

namespace octet::ops::attn_decode {
namespace {

OCTET_INLINE __m512 dot_pairs(__m512 sum, __m512i a, __m512i b) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}

/// Pair i of bf16 in every lane.
OCTET_INLINE __m512i pair_at(const void* pairs, int64_t i) {
  return _mm512_broadcastd_epi32(_mm_loadu_si32(static_cast<const uint8_t*>(pairs) + 4 * i));
}

/// Lane i: the sum of the lanes of v[i].
/// Why unpacking first: there are four such a clock, and two shuffles of quarters, Zen 5.
OCTET_INLINE __m512 sum_lanes(__m512 (&v)[16]) {
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    v[i] = _mm512_unpacklo_ps(v[i], v[i + 1]) + _mm512_unpackhi_ps(v[i], v[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const __m512d a = _mm512_castps_pd(v[i]), b = _mm512_castps_pd(v[i + 2]);
    v[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b)) + _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
  }
#pragma GCC unroll 2
  for (int i = 0; i < 16; i += 8) {
    v[i] = _mm512_shuffle_f32x4(v[i], v[i + 4], 0x88) + _mm512_shuffle_f32x4(v[i], v[i + 4], 0xdd);
  }
  return _mm512_shuffle_f32x4(v[0], v[8], 0x88) + _mm512_shuffle_f32x4(v[0], v[8], 0xdd);
}

template <int kCount>
struct Rows {
  static constexpr int count = kCount;
};

/// block(Rows<4>, row), then of two and of one, over all rows.
template <class Block>
OCTET_INLINE void in_blocks(int64_t rows, Block block) {
  int64_t row = 0;
  for (; rows - row >= 4; row += 4) block(Rows<4>{}, row);
  if (rows - row >= 2) block(Rows<2>{}, row), row += 2;
  if (rows - row >= 1) block(Rows<1>{}, row);
}

template <class Pairs>
struct RegisterProducts {
  /// Rows of q from `begin` on as bf16, for each block of in_blocks (dim / 64, rows, 64) in unpack
  /// order (avx512_block.h).
  static void set_q(const Split& s, int64_t begin, int64_t rows) {
    in_blocks(rows, [&](auto block, int64_t row) {
      uint16_t* to = s.q_bf16 + row * s.row_step;
      for (int64_t d = 0; d < s.row_step; d += 64) {
        for (int64_t r = 0; r < block.count; ++r, to += 64) {
          const float* from = s.q + (begin + row + r) * s.row_step + d;
          const __m512i a = bf16_of(_mm512_loadu_ps(from), _mm512_loadu_ps(from + 16));
          const __m512i b = bf16_of(_mm512_loadu_ps(from + 32), _mm512_loadu_ps(from + 48));
          _mm512_storeu_si512(to, _mm512_shuffle_i32x4(a, b, 0x88));
          _mm512_storeu_si512(to + 32, _mm512_shuffle_i32x4(a, b, 0xdd));
        }
      }
    });
  }

  /// Dot products of kRows rows of q with 16 / kRows tokens.
  template <int kRows>
  OCTET_INLINE void dot_block(const Split& s, const cpu::Decoder& tables, const uint16_t* q,
                              const uint8_t* const* keys, const uint8_t* const* ahead,
                              float* logits) {
    constexpr int kTokens = 16 / kRows, kAtOnce = kTokens < 4 ? kTokens : 4;
    __m512 sums[16] = {};
    for (int64_t d = 0; d < s.dim; d += 64, q += kRows * 64) {
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; t += kAtOnce) {
        Bf16x64 key[kAtOnce];
#pragma GCC unroll 4
        for (int i = 0; i < kAtOnce; ++i) {
          _mm_prefetch(ahead[t + i] + d, _MM_HINT_T1);
          key[i] = cpu::decode64(tables, cpu::load_left(keys[t + i] + d, s.dim - d));
        }
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const __m512i first = _mm512_loadu_si512(q + 64 * r);
          const __m512i second = _mm512_loadu_si512(q + 64 * r + 32);
#pragma GCC unroll 4
          for (int i = 0; i < kAtOnce; ++i) {
            __m512& sum = sums[r * kTokens + t + i];
            sum = dot_pairs(dot_pairs(sum, first, key[i].first), second, key[i].second);
          }
        }
      }
    }
    float dots[16];
    _mm512_storeu_ps(dots, sum_lanes(sums));
    for (int r = 0; r < kRows; ++r) {
      memcpy(logits + r * logits_step(s), dots + r * kTokens, kTokens * sizeof(float));
    }
  }

  template <int kRows>
  OCTET_APART static void dot_rows(const Split& s, const Tile& tile, const uint8_t* const* ahead,
                                   int64_t row, float* logits) {
    const cpu::Decoder tables = cpu::load_decoder(*s.codes);
    for (int64_t n = 0; n < tile.tokens; n += 16 / kRows) {
      dot_block<kRows>(s, tables, s.q_bf16 + row * s.row_step, tile.rows + n, ahead + n,
                       logits + n);
    }
  }

  static void score(const Split& s, const Tile& tile, const Decoded& at, int64_t rows) {
    in_blocks(rows, [&](auto block, int64_t row) {
      dot_rows<block.count>(s, tile, row == 0 ? at.ahead : kNoRows.rows, row,
                            s.logits + row * logits_step(s) + at.first);
    });
  }

  /// 64 of dim of two tokens, woven and decoded.
  OCTET_INLINE void value_pairs(const cpu::Decoder& tables, const uint8_t* first,
                                const uint8_t* second, int64_t left, __m512i (&values)[4]) {
    const __m512i a = cpu::load_left(first, left), b = cpu::load_left(second, left);
    const Bf16x64 low = cpu::decode64(tables, _mm512_unpacklo_epi8(a, b));
    const Bf16x64 high = cpu::decode64(tables, _mm512_unpackhi_epi8(a, b));
    values[0] = low.first, values[1] = low.second;
    values[2] = high.first, values[3] = high.second;
  }

  /// acc += weights x values of the tile, kRows rows, kParts times 64 of dim from `d` on.
  template <int kRows, int kParts>
  static void value_block(const Split& s, const Tile& tile, const uint8_t* const* ahead, int64_t d,
                          const float* weights, float* acc) {
    constexpr int kChains = kRows * kParts >= 4 ? 1 : 2;  // halves of weights
    const cpu::Decoder tables = cpu::load_decoder(*s.codes);
    const int64_t step = logits_step(s);
    __m512 sums[kChains][kRows][4 * kParts] = {};
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int c = 0; c < 4 * kParts; ++c) {
        sums[0][r][c] = _mm512_loadu_ps(acc + r * s.row_step + d + 16 * c);
      }
    }
    for (int64_t n = 0; n < tile.tokens; n += 2) {
#pragma GCC unroll 2
      for (int part = 0; part < kParts; ++part) {
        const int64_t at = d + 64 * part;
        _mm_prefetch(ahead[n] + at, _MM_HINT_T1);
        _mm_prefetch(ahead[n + 1] + at, _MM_HINT_T1);
        __m512i values[4];
        value_pairs(tables, tile.rows[n] + at, tile.rows[n + 1] + at, s.dim - at, values);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const float* pairs = weights + r * step + n / 32 * 32;
          const __m512i weight = pair_at(pairs, n % 32 / 2), rest = pair_at(pairs, n % 32 / 2 + 16);
#pragma GCC unroll 4
          for (int c = 0; c < 4; ++c) {
            __m512 &sum = sums[0][r][4 * part + c], &other = sums[kChains - 1][r][4 * part + c];
            sum = dot_pairs(sum, weight, values[c]);
            other = dot_pairs(other, rest, values[c]);
          }
        }
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows * 4 * kParts; ++i) {
      const int r = i / (4 * kParts), c = i % (4 * kParts);
      __m512 sum = sums[0][r][c];
      if (kChains == 2) sum = _mm512_add_ps(sum, sums[1][r][c]);
      _mm512_storeu_ps(acc + r * s.row_step + d + 16 * c, sum);
    }
  }

  template <int kRows>
  OCTET_APART static void value_rows(const Split& s, const Tile& tile, const uint8_t* const* ahead,
                                     const float* weights, float* acc) {
    constexpr int kParts = kRows == 1 ? 2 : 1;
    int64_t d = 0;
    for (; d + 64 * kParts <= s.row_step; d += 64 * kParts) {
      value_block<kRows, kParts>(s, tile, ahead, d, weights, acc);
    }
    for (; d < s.row_step; d += 64) value_block<kRows, 1>(s, tile, ahead, d, weights, acc);
  }

  static bool any_infinite(const Split& s, const Tile& tile) {
    bool infinite = false;
    for (int64_t n = 0; n < tile.tokens; ++n) {
      for (int64_t d = 0; d < s.dim; d += 64) {
        infinite |= Pairs::is_infinite(cpu::load_left(tile.rows[n] + d, s.dim - d));
      }
    }
    return infinite;
  }

  /// False, and nothing is done, where rows must go alone.
  static bool values(const Split& s, const Tile& tile, const Decoded& at, int64_t begin,
                     int64_t rows) {
    if (!all_see(s, begin, rows, at.first, at.tokens)) return false;
    if (s.e5m2 && any_infinite(s, tile)) return false;
    in_blocks(rows, [&](auto block, int64_t row) {
      value_rows<block.count>(s, tile, row == 0 ? at.ahead : kNoRows.rows,
                              s.logits + row * logits_step(s) + at.first,
                              s.state.acc + (begin + row) * s.row_step);
    });
    return true;
  }
};

}  // namespace
}  // namespace octet::ops::attn_decode
