// Splits of the cache on AVX-512 with vdpbf16ps: tokens along lanes for keys, dim for values.
#include "src/ops/attn_decode/cpu/x86_avx512_dpbf16_split.h"

#include "src/ops/attn_decode/cpu/register_products.h"

namespace octet::ops::attn_decode {
namespace {

struct TableDecoder {
  explicit TableDecoder(const Split& s) : tables(cpu::load_decoder(*s.codes)) {}
  void decode4(const __m512i (&codes)[4], Bf16x64 (&values)[4]) const {
    for (int i = 0; i < 4; ++i) values[i] = cpu::decode64(tables, codes[i]);
  }
  cpu::Decoder tables;
};

/// Four bf16 in every 64 bits.
OCTET_INLINE __m512i two_pairs_at(const uint16_t* from) {
  return _mm512_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

/// A decoded tile of keys is (token / 16, dim / 4, 2, 16 lanes) pairs of dim. Of four of dim and 16
/// tokens, lane 4 L + 2 t + i of vector j holds pair i of token 4 L + 2 j + t (L: 0..3; i, j, t: 0,
/// 1): what transposing codes and unpacking their bytes makes.
struct Products : PairProducts<TableDecoder> {
  static constexpr int64_t kSpreadRows = 4;  // Why: 1.04 to 1.15 times as fast, Zen 5

  /// Why: from 9 rows on decoding once is faster, 1.03 to 1.15 times, where 64 decoded tokens lie
  /// in a first-level cache; else slower, 0.6 to 0.85 times, Zen 5.
  static bool in_registers(const Split& s, int64_t rows) { return rows <= 8 || s.dim > 128; }
  using Registers = RegisterProducts<PairProducts<TableDecoder>>;

  static void stop() {}

  template <bool kKeys>
  static void start(const Split& s, int64_t begin, int64_t rows) {
    if (!kKeys) return;
    in_registers(s, rows) ? Registers::set_q(s, begin, rows) : narrow_q(s, begin, rows, s.q_bf16);
  }

  template <bool kKeys>
  static bool at_once(const Split& s, const Tile& tile, const Decoded& at, int64_t begin,
                      int64_t rows) {
    if (!in_registers(s, rows)) return false;
    if (!kKeys) return Registers::values(s, tile, at, begin, rows);
    Registers::score(s, tile, at, rows);
    return true;
  }

  /// Vector 4 c + i of 16: of each of 16 tokens, codes 16 c + 4 i and on.
  OCTET_INLINE void load_transposed(const uint8_t* const* rows, int64_t d, __m512i (&codes)[16]) {
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      __m512i x[4];  // token 4 L + j in lane L of vector j
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        x[j] = _mm512_castsi128_si512(load16(rows[j] + d + 16 * c));
        x[j] = _mm512_mask_broadcast_i32x4(x[j], 0x00f0, load16(rows[4 + j] + d + 16 * c));
        x[j] = _mm512_mask_broadcast_i32x4(x[j], 0x0f00, load16(rows[8 + j] + d + 16 * c));
        x[j] = _mm512_mask_broadcast_i32x4(x[j], 0xf000, load16(rows[12 + j] + d + 16 * c));
      }
      const __m512i low01 = _mm512_unpacklo_epi32(x[0], x[1]);
      const __m512i low23 = _mm512_unpacklo_epi32(x[2], x[3]);
      const __m512i high01 = _mm512_unpackhi_epi32(x[0], x[1]);
      const __m512i high23 = _mm512_unpackhi_epi32(x[2], x[3]);
      codes[4 * c] = _mm512_unpacklo_epi64(low01, low23);
      codes[4 * c + 1] = _mm512_unpackhi_epi64(low01, low23);
      codes[4 * c + 2] = _mm512_unpacklo_epi64(high01, high23);
      codes[4 * c + 3] = _mm512_unpackhi_epi64(high01, high23);
    }
  }
  OCTET_INLINE __m128i load16(const uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }

  /// 64 of dim of 16 tokens.
  OCTET_INLINE void decode_block(const TableDecoder& decoder, const uint8_t* const* rows, int64_t d,
                                 float* to) {
    __m512i codes[16];
    load_transposed(rows, d, codes);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      const Bf16x64 pairs = cpu::decode64(decoder.tables, codes[i]);
      _mm512_store_si512(to + 32 * i, pairs.first);
      _mm512_store_si512(to + 32 * i + 16, pairs.second);
    }
  }

  /// 16 tokens.
  static void decode_keys16(const Split& s, const uint8_t* const* rows, const uint8_t* const* ahead,
                            const TableDecoder& decoder, float* to) {
    for (int64_t d = 0; d < s.dim; d += 64) {
      for (int i = 0; i < 16; i += 4) prefetch4(ahead + i, d);
      if (d + 64 <= s.dim) {
        decode_block(decoder, rows, d, to + 8 * d);
        continue;
      }
      alignas(64) uint8_t copy[16][64];
      const uint8_t* copies[16];
      for (int i = 0; i < 16; ++i) {
        _mm512_store_si512(copy[i], cpu::load_left(rows[i] + d, s.dim - d));
        copies[i] = copy[i];
      }
      decode_block(decoder, copies, 0, to + 8 * d);
    }
  }

  /// Dot products of kRows rows of q with kGroups x 16 tokens.
  template <int kRows, int kGroups>
  static void dot_block(const Split& s, const uint16_t* q, const float* keys, float* logits,
                        Ahead& ahead) {
    constexpr int kVectors = 2 * kGroups, kChains = kRows * kVectors >= 16 ? 1 : 2;
    __m512 sums[kChains][kRows][kVectors] = {};
    for (int64_t d = 0; d < s.row_step; d += 4 * kChains) {
      if (kRows >= kSpreadRows) ahead.take(s, s.row_step == 64 ? 2 : 1);
#pragma GCC unroll 2
      for (int c = 0; c < kChains; ++c) {
        __m512i key[kVectors];
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          key[v] = _mm512_load_si512(keys + v / 2 * 8 * s.row_step + 8 * (d + 4 * c) + v % 2 * 16);
        }
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const __m512i query = two_pairs_at(q + r * s.row_step + d + 4 * c);
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) {
            sums[c][r][v] = dot_pairs(sums[c][r][v], query, key[v]);
          }
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) {
        __m512 a = sums[0][r][2 * g], b = sums[0][r][2 * g + 1];
        if (kChains == 2) a = _mm512_add_ps(a, sums[1][r][2 * g]);
        if (kChains == 2) b = _mm512_add_ps(b, sums[1][r][2 * g + 1]);
        const __m512 sum =
            _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
        _mm512_storeu_ps(logits + r * logits_step(s) + 16 * g, sum);
      }
    }
  }

  template <int kRows>
  OCTET_APART static void dot_rows(const Split& s, const uint16_t* q, const Decoded& tile,
                                   float* logits, Ahead& ahead) {
    const float* keys = s.tile;
    int64_t left = tile.tokens;
    for (; left > 16; left -= 32, keys += 16 * s.row_step, logits += 32) {
      dot_block<kRows, 2>(s, q, keys, logits, ahead);
    }
    if (left > 0) dot_block<kRows, 1>(s, q, keys, logits, ahead);
  }

  OCTET_APART static void decode_keys(const Split& s, const Tile& tile,
                                      const uint8_t* const* ahead) {
    const TableDecoder decoder(s);
    for (int64_t n = 0; n < round_up(tile.tokens, 32); n += 16) {
      decode_keys16(s, tile.rows + n, ahead + n, decoder, s.tile + n / 2 * s.row_step);
    }
  }

  static void score(const Split& s, const Decoded& tile, int64_t, int64_t rows) {
    Ahead ahead{tile.ahead, tile.ahead + kTileTokens};
    in_blocks(rows, [&](auto block, int64_t row) {
      dot_rows<block.count>(s, s.q_bf16 + row * s.row_step, tile,
                            s.logits + row * logits_step(s) + tile.first, ahead);
    });
  }

  /// acc += weights x values of `pairs` pairs of tokens, kRows rows, 64 of dim.
  template <int kRows>
  static void value_block(const Split& s, const float* weights, int64_t pairs, float* acc,
                          const float* values, Ahead& ahead) {
    constexpr int kChains = kRows >= 4 ? 1 : kRows == 2 ? 2 : 4;  // of pairs x halves of weights
    constexpr int kPairs = kChains == 4 ? 2 : 1;
    __m512 sums[kChains][kRows][4] = {};
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < 4; ++c) sums[0][r][c] = _mm512_loadu_ps(acc + r * s.row_step + 16 * c);
    }
    const int64_t step = logits_step(s);
    for (int64_t pair = 0; pair < pairs; pair += kPairs) {
      if (kRows >= kSpreadRows) ahead.take(s, 2);
#pragma GCC unroll 2
      for (int64_t i = 0; i < kPairs; ++i) {
        const int64_t p = pair + i;
        __m512i value[4];
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
          value[c] = _mm512_load_si512(values + p * s.row_step + 16 * c);
        }
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const float* at = weights + r * step + p / 16 * 32;
          const __m512i high = pair_at(at, p % 16), low = pair_at(at, p % 16 + 16);
          __m512(&a)[4] = sums[2 * i % kChains][r], (&b)[4] = sums[(2 * i + 1) % kChains][r];
#pragma GCC unroll 4
          for (int c = 0; c < 4; ++c) {
            a[c] = dot_pairs(a[c], high, value[c]);
            b[c] = dot_pairs(b[c], low, value[c]);
          }
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < 4; ++c) {
        __m512 sum = sums[0][r][c];
#pragma GCC unroll 4
        for (int i = 1; i < kChains; ++i) sum = _mm512_add_ps(sum, sums[i][r][c]);
        _mm512_storeu_ps(acc + r * s.row_step + 16 * c, sum);
      }
    }
  }

  template <int kRows>
  OCTET_APART static void value_rows(const Split& s, const Decoded& tile, const float* weights,
                                     float* acc, Ahead& ahead) {
    const int64_t pairs = round_up(tile.tokens, 32) / 2;
    for (int64_t d = 0; d < s.row_step; d += 64) {
      value_block<kRows>(s, weights, pairs, acc + d, s.tile + d, ahead);
    }
  }

  static void values(const Split& s, const Decoded& tile, int64_t begin, int64_t rows) {
    const int64_t done = tile.first, tokens = tile.tokens;
    Ahead ahead{tile.ahead, tile.ahead + kTileTokens};
    const auto together = [&](int64_t row, int64_t count) {
      return !tile.alone && row + count <= rows && all_see(s, begin + row, count, done, tokens);
    };
    for (int64_t row = 0; row < rows;) {
      const float* weights = s.logits + row * logits_step(s) + done;
      float* acc = s.state.acc + (begin + row) * s.row_step;
      if (together(row, 4)) {
        value_rows<4>(s, tile, weights, acc, ahead);
        row += 4;
      } else if (together(row, 2)) {
        value_rows<2>(s, tile, weights, acc, ahead);
        row += 2;
      } else if (together(row, 1)) {
        value_rows<1>(s, tile, weights, acc, ahead);
        row += 1;
      } else {
        value_row(s, weights, seen_of(s, begin + row, done, tokens), acc);
        row += 1;
      }
    }
  }
};

}  // namespace

Kernel X86Avx512Dpbf16Split::kernel() { return Attend<Products>::kKernel; }

}  // namespace octet::ops::attn_decode
