// Products with vdpbf16ps for few rows of q, codes decoded to registers: no tile in memory.
//
// Layout     q lies in unpack order (avx512_block.h), acc as in pair_products.h
// Requires   as pair_products.h; include only from kernel files
// Method     keys: a vector over dim for each dot product, 16 reduced together (lane_sums.h).
//            Values: pairs of tokens woven, decoded and multiplied, 64 or 128 of dim at a time over
//            all tokens of the tile
#pragma once

#include "src/cpu/lane_sums.h"
#include "src/ops/attn_decode/cpu/pair_products.h"

namespace octet::ops::attn_decode {
namespace {

OCTET_INLINE __m512 dot_pairs(__m512 sum, __m512i a, __m512i b) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}

/// Pair i of bf16 in every lane.
OCTET_INLINE __m512i pair_at(const void* pairs, int64_t i) {
  int32_t pair;
  memcpy(&pair, static_cast<const uint8_t*>(pairs) + 4 * i, 4);
  return _mm512_set1_epi32(pair);
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
  using Vector = Avx512Vectors::Vector;

  static void unpack_order(const Split& s, int64_t rows, uint16_t* q) {
    for (int64_t i = 0; i < rows * s.row_step; i += 64) {
      const __m512i a = _mm512_loadu_si512(q + i), b = _mm512_loadu_si512(q + i + 32);
      _mm512_storeu_si512(q + i, _mm512_shuffle_i32x4(a, b, 0x88));
      _mm512_storeu_si512(q + i + 32, _mm512_shuffle_i32x4(a, b, 0xdd));
    }
  }

  /// Dot products of kRows rows of q with 16 / kRows tokens.
  template <int kRows>
  OCTET_INLINE void dot_block(const Split& s, const cpu::Decoder& tables, const uint16_t* q,
                              const uint8_t* const* keys, const uint8_t* const* ahead,
                              float* logits) {
    constexpr int kTokens = 16 / kRows;
    Vector sums[16] = {};
    for (int64_t d = 0; d < s.dim; d += 64) {
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) {
        _mm_prefetch(ahead[t] + d, _MM_HINT_T1);
        const Bf16x64 key = cpu::decode64(tables, cpu::load_left(keys[t] + d, s.dim - d));
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const uint16_t* query = q + r * s.row_step + d;
          Vector& sum = sums[r * kTokens + t];
          sum = dot_pairs(sum, _mm512_loadu_si512(query), key.first);
          sum = dot_pairs(sum, _mm512_loadu_si512(query + 32), key.second);
        }
      }
    }
    cpu::LaneSums<Vector, 16>::reduce(sums);
    float dots[16];
    _mm512_storeu_ps(dots, sums[0]);
    for (int r = 0; r < kRows; ++r) {
      memcpy(logits + r * logits_step(s), dots + r * kTokens, kTokens * sizeof(float));
    }
  }

  template <int kRows>
  static void dot_rows(const Split& s, const Tile& tile, const uint8_t* const* ahead, int64_t row,
                       float* logits) {
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
    for (int r = 0; r < kRows; ++r) {
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
    for (int i = 0; i < kRows * 4 * kParts; ++i) {
      const int r = i / (4 * kParts), c = i % (4 * kParts);
      __m512 sum = sums[0][r][c];
      if (kChains == 2) sum = _mm512_add_ps(sum, sums[1][r][c]);
      _mm512_storeu_ps(acc + r * s.row_step + d + 16 * c, sum);
    }
  }

  template <int kRows>
  static void value_rows(const Split& s, const Tile& tile, const uint8_t* const* ahead,
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
