// The loops of every CPU kernel of attn_decode over an engine of vectors.
//
// Requires   include only from kernel files; anonymous namespace, no standard library
// Method     queries x keys in blocks of kLanes dot products, each a vector over dim, reduced
//            together; weights x values in blocks of rows x vectors of dim, over a tile of tokens.
//            A row that does not see all tokens of a tile goes alone, over those that it sees:
//            values that it does not see (NaN, infinity) must not meet a weight of zero
// Engine     Vector (a vector type of kLanes floats), Bits (of int32), fma(a, b, c), and
//            decode(split, rows, to), which writes the values of rows of codes, with zeros up to
//            dim_padded, and prefetches as many rows elsewhere
#pragma once

#include <string.h>

#include "src/cpu/lane_sums.h"
#include "src/ops/attn_decode/cpu/split.h"

namespace octet::ops::attn_decode {
namespace {

constexpr float kInfinity = __builtin_inff();
constexpr int64_t kRunsAhead =
    2;  // Why: lines of 1 KB steps fall into few sets of a first-level cache
constexpr float kLog2E = 1.44269504088896340736f;

struct Rows {
  const uint8_t *codes, *ahead;
  int64_t step, ahead_step, count;
};

/// By table, in units of 1 / `unit`: any codes.
static void decode_by_table(const Split& s, const Rows& rows, float unit, float* to) {
  for (int64_t i = 0; i < rows.count; ++i) {
    for (int64_t d = 0; d < s.dim; ++d) {
      to[i * s.dim_padded + d] = s.code_values[rows.codes[i * rows.step + d]] / unit;
    }
    for (int64_t d = s.dim; d < s.dim_padded; ++d) to[i * s.dim_padded + d] = 0;
  }
}

template <class E>
struct Attend {
  using Vector = typename E::Vector;
  using Bits = typename E::Bits;
  static constexpr int kWidth = E::kLanes;

  static Vector load(const float* from) {
    Vector value;
    memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, Vector value) { memcpy(to, &value, sizeof value); }
  static Vector all(float value) { return value - Vector{}; }

  /// 2^x, x <= 0: within 2^-21 of it and exact for whole numbers; 0 below 2^-126, NaN of NaN.
  static Vector exp2(Vector x) {
    constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: the sum's last bit is worth 1
    const Vector clamped = x < -126.0f ? all(-126.0f) : x;
    const Vector shifted = clamped + kMagic;
    const Vector f = clamped - (shifted - kMagic);
    Vector p = E::fma(f, all(1.5403530e-4f), all(1.3333558e-3f));
    p = E::fma(f, p, all(9.6181291e-3f));
    p = E::fma(f, p, all(5.5504109e-2f));
    p = E::fma(f, p, all(2.4022651e-1f));
    p = E::fma(f, p, all(6.9314718e-1f));
    p = E::fma(f, p, all(1.0f));
    const Vector power = (Vector)((((Bits)shifted) << 23) + (127 << 23));
    return x < -126.0f ? Vector{} : p * power;
  }
  static float exp2(float x) { return exp2(all(x))[0]; }

  /// tanh(x), within 2^-20 (not of its size, where that is small).
  static Vector tanh(Vector x) {
    const Vector size = x < 0.0f ? -x : x;
    const Vector small = exp2(size * (-2 * kLog2E));  // e^-2|x|
    const Vector value = (1.0f - small) / (1.0f + small);
    return x < 0.0f ? -value : value;
  }

  /// The rows of a run of keys or values, and what is read some runs later: behind the keys the
  /// values.
  template <bool kKeys>
  static Rows ahead_of(const Split& s, int64_t run) {
    const Run& r = s.runs[run];
    const int64_t step = kKeys ? s.k_step : s.v_step;
    const uint8_t* codes = kKeys ? r.k : r.v;
    int64_t at = run + kRunsAhead;
    const bool keys = kKeys && at < s.num_runs;
    if (kKeys && !keys) at -= s.num_runs;
    if (at >= s.num_runs || s.runs[at].tokens < r.tokens) return {codes, codes, step, 0, r.tokens};
    return {codes, keys ? s.runs[at].k : s.runs[at].v, step, keys ? s.k_step : s.v_step, r.tokens};
  }

  /// Decodes the tokens of a tile; how many they are.
  template <bool kKeys>
  static int64_t decode_tile(const Split& s, int64_t& run) {
    int64_t done = 0;
    while (run < s.num_runs && done < kTileTokens) {
      E::decode(s, ahead_of<kKeys>(s, run), s.tile + done * s.dim_padded);
      done += s.runs[run++].tokens;
    }
    return done;
  }

  /// Zeros in the place of tokens up to a multiple of kLanes.
  static void pad_tile(const Split& s, int64_t tokens) {
    const int64_t padded = (tokens + kLanes - 1) / kLanes * kLanes;
    float* to = s.tile + tokens * s.dim_padded;
    for (int64_t i = 0; i < (padded - tokens) * s.dim_padded; ++i) to[i] = 0;
  }

  /// Dot products of kRows rows of q with kWidth / kRows tokens of the tile.
  template <int kRows>
  static void dot_block(const Split& s, int64_t row, int64_t token, float* logits,
                        int64_t logits_step) {
    constexpr int kTokens = kWidth / kRows;
    const float* q = s.q + row * s.dim_padded;
    const float* k = s.tile + token * s.dim_padded;
    Vector sums[kWidth] = {};
    for (int64_t d = 0; d < s.dim_padded; d += kWidth) {
      Vector keys[kTokens];
      for (int t = 0; t < kTokens; ++t) keys[t] = load(k + t * s.dim_padded + d);
      for (int r = 0; r < kRows; ++r) {
        const Vector query = load(q + r * s.dim_padded + d);
        for (int t = 0; t < kTokens; ++t) {
          sums[r * kTokens + t] = E::fma(query, keys[t], sums[r * kTokens + t]);
        }
      }
    }
    cpu::LaneSums<Vector, kWidth>::reduce(sums);
    float dots[kWidth];
    store(dots, sums[0]);
    for (int r = 0; r < kRows; ++r) {
      memcpy(logits + r * logits_step, dots + r * kTokens, kTokens * sizeof(float));
    }
  }

  template <int kRows>
  static void dot_rows(const Split& s, int64_t row, int64_t padded, float* logits,
                       int64_t logits_step) {
    for (int64_t token = 0; token < padded; token += kWidth / kRows) {
      dot_block<kRows>(s, row, token, logits + token, logits_step);
    }
  }

  static int64_t padded_tokens(const Split& s) {
    return (s.tokens + kTileTokens - 1) / kTileTokens * kTileTokens;
  }

  /// Raw dot products of rows from `begin` on with every token of the split.
  static void score(const Split& s, int64_t begin, int64_t rows) {
    const int64_t step = padded_tokens(s);
    int64_t run = 0, done = 0;
    while (done < s.tokens) {
      const int64_t tokens = decode_tile<true>(s, run);
      pad_tile(s, tokens);
      const int64_t padded = (tokens + kLanes - 1) / kLanes * kLanes;
      constexpr int kBlock = kWidth >= 16 ? 4 : 2;
      int64_t row = 0;
      for (; row + kBlock <= rows; row += kBlock) {
        dot_rows<kBlock>(s, begin + row, padded, s.logits + row * step + done, step);
      }
      for (; row < rows; ++row) {
        dot_rows<1>(s, begin + row, padded, s.logits + row * step + done, step);
      }
      done += tokens;
    }
  }

  static Vector lanes_from(int64_t first) {
    Vector lanes;
    for (int i = 0; i < kWidth; ++i) lanes[i] = static_cast<float>(first + i);
    return lanes;
  }

  /// `value`, and `other` for tokens that the row does not see.
  static Vector seen(const Split& s, int64_t row, Vector lanes, Vector value, float other) {
    value = lanes >= static_cast<float>(s.first[row]) ? value : all(other);
    return lanes < static_cast<float>(s.last[row]) ? value : all(other);
  }

  /// Logits of a row in the place of dot products, -infinity where it does not see the token; the
  /// largest.
  static float finish_logits(const Split& s, int64_t row, float* logits) {
    const Vector q_sum = all(s.q_sum[row]);
    const float unit = s.e5m2 ? 1.0f : E::kE4m3Unit;
    Vector most = all(-kInfinity), lanes = lanes_from(0);
    for (int64_t n = 0; n < s.tokens; n += kWidth, lanes += static_cast<float>(kWidth)) {
      const Vector dot = load(logits + n) * unit;
      Vector logit = E::fma(load(s.k_scale + n), dot, load(s.k_shift + n) * q_sum);
      logit *= s.softmax_scale;
      if (s.soft_cap > 0) logit = tanh(logit / s.soft_cap) * s.soft_cap;
      logit = seen(s, row, lanes, logit, -kInfinity);
      most = logit > most ? logit : most;
      store(logits + n, logit);
    }
    float largest = -kInfinity;
    for (int i = 0; i < kWidth; ++i) largest = most[i] > largest ? most[i] : largest;
    return largest;
  }

  /// Weights times the scales of values in the place of logits; the sum of weights, and of weights
  /// times shifts.
  static void weigh(const Split& s, int64_t row, float* logits, float& shift) {
    const float most = finish_logits(s, row, logits);
    const Vector base = all(most == -kInfinity ? 0.0f : most);
    Vector sum = {}, shifts = {}, lanes = lanes_from(0);
    for (int64_t n = 0; n < s.tokens; n += kWidth, lanes += static_cast<float>(kWidth)) {
      const Vector logit = load(logits + n);
      const Vector weight = exp2((logit - base) * kLog2E);
      sum += weight;
      shifts = E::fma(weight, seen(s, row, lanes, load(s.v_shift + n), 0.0f), shifts);
      store(logits + n, weight * load(s.v_scale + n));
    }
    float total = 0;
    shift = 0;
    for (int i = 0; i < kWidth; ++i) total += sum[i], shift += shifts[i];
    s.state.max[row] = most;
    s.state.sum[row] = total;
  }

  /// acc += weights x values of tokens `from` to `to` of the tile, kRows rows, kVectors of dim.
  template <int kRows, int kVectors>
  static void value_block(const Split& s, const float* weights, int64_t step, int64_t from,
                          int64_t to, float* acc, const float* values) {
    Vector sums[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kVectors; ++c) sums[r][c] = load(acc + r * s.dim_padded + c * kWidth);
    }
    for (int64_t n = from; n < to; ++n) {
      Vector value[kVectors];
      for (int c = 0; c < kVectors; ++c) value[c] = load(values + n * s.dim_padded + c * kWidth);
      for (int r = 0; r < kRows; ++r) {
        const Vector weight = all(weights[r * step + n]);
        for (int c = 0; c < kVectors; ++c) sums[r][c] = E::fma(weight, value[c], sums[r][c]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kVectors; ++c) store(acc + r * s.dim_padded + c * kWidth, sums[r][c]);
    }
  }

  template <int kRows>
  static void value_rows(const Split& s, const float* weights, int64_t step, int64_t from,
                         int64_t to, float* acc) {
    constexpr int kVectors = kRows == 1 ? 8 : 4;
    int64_t d = 0;
    for (; d + kVectors * kWidth <= s.dim_padded; d += kVectors * kWidth) {
      value_block<kRows, kVectors>(s, weights, step, from, to, acc + d, s.tile + d);
    }
    for (; d < s.dim_padded; d += kWidth) {
      value_block<kRows, 1>(s, weights, step, from, to, acc + d, s.tile + d);
    }
  }

  static bool all_see(const Split& s, int64_t row, int64_t rows, int64_t done, int64_t tokens) {
    for (int64_t r = row; r < row + rows; ++r) {
      if (s.first[r] > done || s.last[r] < done + tokens) return false;
    }
    return true;
  }

  /// acc = weights x values of rows from `begin` on.
  static void add_values(const Split& s, int64_t begin, int64_t rows) {
    constexpr int kBlock = E::kValueRows;
    const int64_t step = padded_tokens(s);
    int64_t run = 0, done = 0;
    while (done < s.tokens) {
      const int64_t tokens = decode_tile<false>(s, run);
      const float* weights = s.logits + done;
      float* acc = s.state.acc + begin * s.dim_padded;
      for (int64_t row = 0; row < rows;) {
        if (row + kBlock <= rows && all_see(s, begin + row, kBlock, done, tokens)) {
          value_rows<kBlock>(s, weights + row * step, step, 0, tokens, acc + row * s.dim_padded);
          row += kBlock;
          continue;
        }
        const int64_t first = s.first[begin + row] - done, last = s.last[begin + row] - done;
        value_rows<1>(s, weights + row * step, step, first > 0 ? first : 0,
                      last < tokens ? last : tokens, acc + row * s.dim_padded);
        ++row;
      }
      done += tokens;
    }
  }

  static void attend(const Split& s) {
    const float unit = s.e5m2 ? 1.0f : E::kE4m3Unit;
    for (int64_t i = 0; i < s.rows * s.dim_padded; ++i) s.state.acc[i] = 0;
    for (int64_t begin = 0; begin < s.rows; begin += kRowsAtOnce) {
      const int64_t rows = s.rows - begin < kRowsAtOnce ? s.rows - begin : kRowsAtOnce;
      float shifts[kRowsAtOnce];
      score(s, begin, rows);
      for (int64_t row = 0; row < rows; ++row) {
        weigh(s, begin + row, s.logits + row * padded_tokens(s), shifts[row]);
      }
      add_values(s, begin, rows);
      for (int64_t row = 0; row < rows; ++row) {
        float* acc = s.state.acc + (begin + row) * s.dim_padded;
        for (int64_t d = 0; d < s.dim_padded; ++d) acc[d] = acc[d] * unit + shifts[row];
      }
    }
  }

  static void fold(const State& to, int64_t row, const State& from, int64_t from_row,
                   int64_t dim_padded) {
    const float a = to.max[row], b = from.max[from_row];
    const float most = b > a ? b : a, base = most == -kInfinity ? 0.0f : most;
    const float keep = exp2((a - base) * kLog2E), add = exp2((b - base) * kLog2E);
    to.max[row] = most;
    to.sum[row] = to.sum[row] * keep + from.sum[from_row] * add;
    float* acc = to.acc + row * dim_padded;
    const float* other = from.acc + from_row * dim_padded;
    for (int64_t d = 0; d < dim_padded; d += kWidth) {
      store(acc + d, E::fma(load(acc + d), all(keep), load(other + d) * add));
    }
  }

  static constexpr Kernel kKernel{attend, fold};
};

}  // namespace
}  // namespace octet::ops::attn_decode
