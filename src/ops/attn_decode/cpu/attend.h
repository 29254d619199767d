// The frame of every CPU kernel of attn_decode: dot products, softmax, weighted values of a split.
//
// Requires   include only from kernel files; anonymous namespace, no standard library
// Method     the products are those of an engine (float_products.h, pair_products.h); what lies
//            between them is here, in float32, a row at a time
// Products   Engine (lanes.h), kTileTokens; at_once<keys>(split, tile, at, begin, rows) does what
//            decoding and score or values would, without a decoded tile, or returns false;
//            decode_keys and decode_values(split, tile, ahead), the latter returns whether rows
//            must go alone; the rows `ahead` are prefetched there, or from kSpreadRows rows of q on
//            by score and values. Of rows from `begin` on, in units of their own, unit(split):
//            start<keys>(split, begin, rows) before all tiles, stop() behind; score(tile, begin,
//            rows) writes dot products; pack(weights, count) turns a row's weights into what
//            values(tile, begin, rows) reads to add weights x values to state.acc, which finish(row
//            of acc) brings into the order of dim
#pragma once

#include "src/ops/attn_decode/cpu/lanes.h"
#include "src/ops/attn_decode/cpu/tiles.h"

namespace octet::ops::attn_decode {
namespace {

/// The decoded tile: the tokens of the split from `first` on.
struct Decoded {
  int64_t first, tokens;
  bool alone;                   // no rows together
  const uint8_t* const* ahead;  // rows to prefetch meanwhile
};

template <class P>
struct Attend : Lanes<typename P::Engine> {
  using E = typename P::Engine;
  using Base = Lanes<E>;
  using Base::all, Base::exp2, Base::kWidth, Base::load, Base::store, Base::tanh;
  using typename Base::Vector;

  static Vector lanes_from(int64_t first) {
    Vector lanes{};
    for (int i = 0; i < kWidth; ++i) lanes[i] = static_cast<float>(first + i);
    return lanes;
  }

  /// `value`, and `other` for tokens `n` and on that the row does not see.
  static Vector where_seen(const Seen& seen, int64_t n, Vector value, float other) {
    if (seen.from <= n && n + kWidth <= seen.to) return value;
    const Vector lanes = lanes_from(0) + static_cast<float>(n);
    value = lanes >= static_cast<float>(seen.from) ? value : all(other);
    return lanes < static_cast<float>(seen.to) ? value : all(other);
  }

  /// Logits of a row in the place of dot products, -infinity where it does not see the token; the
  /// largest.
  template <bool kShift>
  static float finish_logits(const Split& split, int64_t row, float* logits) {
    const Split s = split;  // Why: a store of a vector may change what lies behind a reference
    const Seen seen = seen_of(s, row, 0, s.tokens);
    const Vector shift = all(s.q_sum[row] * s.softmax_scale);
    const float factor = P::unit(s) * s.softmax_scale;
    Vector most = all(-kInfinity);
    for (int64_t n = 0; n < logits_step(s); n += kWidth) {
      Vector logit = load(s.k_scale + n) * load(logits + n);
      if (kShift) {
        logit = E::fma(logit, all(factor), load(s.k_shift + n) * shift);
      } else {
        logit *= factor;
      }
      if (s.soft_cap > 0) logit = tanh(logit / s.soft_cap) * s.soft_cap;
      logit = where_seen(seen, n, logit, -kInfinity);
      most = logit > most ? logit : most;
      store(logits + n, logit);
    }
    float largest = -kInfinity;
    for (int i = 0; i < kWidth; ++i) largest = most[i] > largest ? most[i] : largest;
    return largest;
  }

  /// Weights times the scales of values in the place of logits; the sum of weights, and of weights
  /// times shifts.
  template <bool kShift>
  OCTET_APART static void weigh(const Split& split, int64_t row, float* logits, float& shift) {
    const Split s = split;  // Why: as in finish_logits
    const float most = finish_logits<kShift>(s, row, logits);
    const Seen seen = seen_of(s, row, 0, s.tokens);
    const Vector base = all(most == -kInfinity ? 0.0f : most);
    Vector sum = {}, shifts = {};
    for (int64_t n = 0; n < logits_step(s); n += kWidth) {
      const Vector weight = exp2((load(logits + n) - base) * kLog2E);
      sum += weight;
      if (kShift) {
        shifts = E::fma(weight, where_seen(seen, n, load(s.v_shift + n), 0.0f), shifts);
      }
      store(logits + n, weight * load(s.v_scale + n));
    }
    P::pack(logits, logits_step(s));
    float total = 0;
    shift = 0;
    for (int i = 0; i < kWidth; ++i) total += sum[i], shift += shifts[i];
    s.state.max[row] = most;
    s.state.sum[row] = total;
  }

  static void finish_rows(const Split& s, int64_t begin, int64_t rows, const float* shifts) {
    const float unit = P::unit(s);
    for (int64_t row = 0; row < rows; ++row) {
      float* acc = s.state.acc + (begin + row) * s.row_step;
      P::finish(s, acc);
      for (int64_t d = 0; d < s.row_step; ++d) acc[d] = acc[d] * unit + shifts[row];
    }
  }

  template <bool kKeys>
  static void take(const Split& s, const Tile& rows_of_tile, Decoded tile, int64_t begin,
                   int64_t rows) {
    const uint8_t* const* while_decoding = rows < P::kSpreadRows ? tile.ahead : kNoRows.rows;
    if (P::template at_once<kKeys>(s, rows_of_tile, tile, begin, rows)) return;
    if (kKeys) {
      P::decode_keys(s, rows_of_tile, while_decoding);
      P::score(s, tile, begin, rows);
    } else {
      tile.alone = P::decode_values(s, rows_of_tile, while_decoding);
      P::values(s, tile, begin, rows);
    }
  }

  /// All keys, or all values: of a tile, the heads in turn.
  template <bool kKeys>
  static void pass(const Split* heads, int64_t count, Tiles<P::kTileTokens>& tiles, int64_t begin,
                   int64_t rows) {
    for (int64_t head = 0; head < count; ++head) {
      P::template start<kKeys>(heads[head], begin, rows);
    }
    for (int64_t first = 0; first < heads->tokens; first += P::kTileTokens) {
      tiles.next();
      for (int64_t head = 0; head < count; ++head) {
        const Tile& tile = tiles.now(head);
        take<kKeys>(heads[head], tile, {first, tile.tokens, false, tiles.ahead(head)}, begin, rows);
      }
    }
  }

  static void weigh_rows(const Split& s, int64_t begin, int64_t rows, float* shifts) {
    for (int64_t row = 0; row < rows; ++row) {
      float* logits = s.logits + row * logits_step(s);
      s.has_shifts ? weigh<true>(s, begin + row, logits, shifts[row])
                   : weigh<false>(s, begin + row, logits, shifts[row]);
    }
  }

  static void attend(const Split* heads, int64_t count) {
    const int64_t all_rows = heads->rows;
    for (int64_t head = 0; head < count; ++head) {
      float* acc = heads[head].state.acc;
      for (int64_t i = 0; i < all_rows * heads->row_step; ++i) acc[i] = 0;
    }
    for (int64_t begin = 0; begin < all_rows; begin += kRowsAtOnce) {
      const int64_t rows = all_rows - begin < kRowsAtOnce ? all_rows - begin : kRowsAtOnce;
      float shifts[kRowsAtOnce];
      Tiles<P::kTileTokens> tiles(heads, count);
      pass<true>(heads, count, tiles, begin, rows);
      for (int64_t h = 0; h < count; ++h) weigh_rows(heads[h], begin, rows, shifts + h * rows);
      pass<false>(heads, count, tiles, begin, rows);
      for (int64_t h = 0; h < count; ++h) finish_rows(heads[h], begin, rows, shifts + h * rows);
    }
    P::stop();
  }

  static void fold(const State& to, int64_t row, const State& from, int64_t from_row,
                   int64_t row_step) {
    const float a = to.max[row], b = from.max[from_row];
    const float most = b > a ? b : a, base = most == -kInfinity ? 0.0f : most;
    const float keep = exp2((a - base) * kLog2E), add = exp2((b - base) * kLog2E);
    to.max[row] = most;
    to.sum[row] = to.sum[row] * keep + from.sum[from_row] * add;
    float* acc = to.acc + row * row_step;
    const float* other = from.acc + from_row * row_step;
    for (int64_t d = 0; d < row_step; d += kWidth) {
      store(acc + d, E::fma(load(acc + d), all(keep), load(other + d) * add));
    }
  }

  static constexpr Kernel kKernel{attend, fold};
};

}  // namespace
}  // namespace octet::ops::attn_decode
