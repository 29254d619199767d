// Products in float32 over an engine of vectors.
//
// Requires   include only from kernel files; anonymous namespace, no standard library
// Method     a tile is decoded to float32. Queries x keys in blocks of kLanes dot products, each a
//            vector over dim, reduced together; weights x values in blocks of rows x vectors of
//            dim, over a tile of tokens. A row that does not see all tokens of a tile goes alone,
//            over those that it sees: values that it does not see (NaN, infinity) must not meet a
//            weight of zero
// Engine     that of lanes.h; kE4m3Unit, and decode<kE5m2>(codes, dim, to, nan), which writes the
//            values of a row of codes in units of 1 / kE4m3Unit and notes codes that are NaN;
//            kValueRows
#pragma once

#include "src/cpu/lane_sums.h"
#include "src/ops/attn_decode/cpu/attend.h"

namespace octet::ops::attn_decode {
namespace {

/// By table, in units of 1 / `unit`: any codes.
void decode_by_table(const Split& s, const uint8_t* codes, float unit, float* to) {
  for (int64_t d = 0; d < s.dim; ++d) to[d] = s.codes->f32[codes[d]] / unit;
}

template <class E>
struct FloatProducts : Lanes<E> {
  using Engine = E;
  using Base = Lanes<E>;
  using Base::all, Base::kWidth, Base::load, Base::store;
  using typename Base::Vector;
  static constexpr int64_t kTileTokens = 32, kSpreadRows = kRowsAtOnce + 1;  // never

  static float unit(const Split& s) { return s.e5m2 ? 1.0f : E::kE4m3Unit; }
  template <bool kKeys>
  static void start(const Split& s, int64_t, int64_t) {
    for (int64_t i = 0; kKeys && i < kTileFloats * s.row_step; ++i) s.tile[i] = 0;
  }
  static void stop() {}
  template <bool kKeys>
  static bool at_once(const Split&, const Tile&, const Decoded&, int64_t, int64_t) {
    return false;
  }
  static void pack(float*, int64_t) {}
  static void finish(const Split&, float*) {}

  template <bool kE5m2>
  OCTET_APART static void decode_rows(const Split& s, const Tile& tile,
                                      const uint8_t* const* ahead) {
    const int64_t rows = round_up(tile.tokens, kLanes);
    typename E::Nan nan{};
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t d = 0; d < s.dim; d += kLine) __builtin_prefetch(ahead[i] + d, 0, 2);
      E::template decode<kE5m2>(s, tile.rows[i], s.tile + i * s.row_step, nan);
    }
    if (kE5m2 || !E::any(nan)) return;
    for (int64_t i = 0; i < rows; ++i) {
      decode_by_table(s, tile.rows[i], E::kE4m3Unit, s.tile + i * s.row_step);
    }
  }

  /// The tokens of a tile, with zeros behind them up to a multiple of kLanes.
  static void decode_keys(const Split& s, const Tile& tile, const uint8_t* const* ahead) {
    s.e5m2 ? decode_rows<true>(s, tile, ahead) : decode_rows<false>(s, tile, ahead);
  }
  static bool decode_values(const Split& s, const Tile& tile, const uint8_t* const* ahead) {
    decode_keys(s, tile, ahead);
    return false;
  }

  /// Dot products of kRows rows of q with kWidth / kRows tokens of the tile.
  template <int kRows>
  static void dot_block(const Split& s, int64_t row, int64_t token, float* logits) {
    constexpr int kTokens = kWidth / kRows;
    const float* q = s.q + row * s.row_step;
    const float* k = s.tile + token * s.row_step;
    Vector sums[kWidth] = {};
    for (int64_t d = 0; d < s.dim_padded; d += kWidth) {
      Vector keys[kTokens];
#pragma GCC unroll 16
      for (int t = 0; t < kTokens; ++t) keys[t] = load(k + t * s.row_step + d);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const Vector query = load(q + r * s.row_step + d);
#pragma GCC unroll 16
        for (int t = 0; t < kTokens; ++t) {
          sums[r * kTokens + t] = E::fma(query, keys[t], sums[r * kTokens + t]);
        }
      }
    }
    cpu::LaneSums<Vector, kWidth>::reduce(sums);
    float dots[kWidth];
    store(dots, sums[0]);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      memcpy(logits + r * logits_step(s), dots + r * kTokens, kTokens * sizeof(float));
    }
  }

  template <int kRows>
  OCTET_APART static void dot_rows(const Split& s, int64_t row, int64_t tokens, float* logits) {
    for (int64_t token = 0; token < tokens; token += kWidth / kRows) {
      dot_block<kRows>(s, row, token, logits + token);
    }
  }

  static void score(const Split& s, const Decoded& tile, int64_t begin, int64_t rows) {
    constexpr int kBlock = kWidth >= 16 ? 4 : 2;
    const int64_t step = logits_step(s), tokens = round_up(tile.tokens, kLanes);
    int64_t row = 0;
    for (; row + kBlock <= rows; row += kBlock) {
      dot_rows<kBlock>(s, begin + row, tokens, s.logits + row * step + tile.first);
    }
    for (; row < rows; ++row) {
      dot_rows<1>(s, begin + row, tokens, s.logits + row * step + tile.first);
    }
  }

  /// acc += weights x values of tokens `from` to `to` of the tile, kRows rows, kVectors of dim.
  template <int kRows, int kVectors>
  static void value_block(const Split& s, const float* weights, int64_t from, int64_t to,
                          float* acc, const float* values) {
    const int64_t step = logits_step(s);
    Vector sums[kRows][kVectors];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int c = 0; c < kVectors; ++c) sums[r][c] = load(acc + r * s.row_step + c * kWidth);
    }
    for (int64_t n = from; n < to; ++n) {
      Vector value[kVectors];
#pragma GCC unroll 8
      for (int c = 0; c < kVectors; ++c) value[c] = load(values + n * s.row_step + c * kWidth);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const Vector weight = all(weights[r * step + n]);
#pragma GCC unroll 8
        for (int c = 0; c < kVectors; ++c) sums[r][c] = E::fma(weight, value[c], sums[r][c]);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int c = 0; c < kVectors; ++c) store(acc + r * s.row_step + c * kWidth, sums[r][c]);
    }
  }

  template <int kRows>
  OCTET_APART static void value_rows(const Split& s, const float* weights, int64_t from, int64_t to,
                                     float* acc) {
    constexpr int kVectors = kRows == 1 ? 8 : 4;
    int64_t d = 0;
    for (; d + kVectors * kWidth <= s.dim_padded; d += kVectors * kWidth) {
      value_block<kRows, kVectors>(s, weights, from, to, acc + d, s.tile + d);
    }
    for (; d < s.dim_padded; d += kWidth) {
      value_block<kRows, 1>(s, weights, from, to, acc + d, s.tile + d);
    }
  }

  static void values(const Split& s, const Decoded& tile, int64_t begin, int64_t rows) {
    constexpr int kBlock = E::kValueRows;
    const int64_t step = logits_step(s), done = tile.first, tokens = tile.tokens;
    for (int64_t row = 0; row < rows;) {
      const float* weights = s.logits + row * step + done;
      float* acc = s.state.acc + (begin + row) * s.row_step;
      if (row + kBlock <= rows && all_see(s, begin + row, kBlock, done, tokens)) {
        value_rows<kBlock>(s, weights, 0, tokens, acc);
        row += kBlock;
        continue;
      }
      const Seen seen = seen_of(s, begin + row, done, tokens);
      value_rows<1>(s, weights, seen.from, seen.to, acc);
      ++row;
    }
  }
};

}  // namespace
}  // namespace octet::ops::attn_decode
