// A wave's attention over tiles: logits, softmax and weighted values of 16 rows of q, by f16 matrix
// instructions whose rows are tokens, then elements of the head, and whose columns are rows of q.
//
// Codes      widened to f16 in registers, which is exact. Any order of k serves, if both operands
//            have it: a lane reads 16 bytes of a key, and q lies in the same order
// Registers  a lane has the row of q c = lane % 16. Logits: of tokens T g + 4 s + r, g = lane / 16,
//            T = 4 or 8. That is what the second product takes as its columns: no lane exchange
// Numerics   weights are 2^7 times their size against a maximum that is followed lazily, so at most
//            2^15: f16 then holds what is 2^-21 of the largest as well as the largest itself
#pragma once

#include <type_traits>

#include "src/gpu/hip/matrix.h"
#include "src/ops/attn_decode/hip/fetch.h"

namespace octet::ops::attn_decode::hip {

inline constexpr float kLift = 7;   // weights are 2^kLift times their size
inline constexpr float kSlack = 8;  // powers of two by which a logit may pass the maximum

/// Over the four lanes of a row.
OCTET_DEVICE float sum_of_row(float x) {
  x += shuffle_xor<16>(x);
  return x + shuffle_xor<32>(x);
}
OCTET_DEVICE float largest_of_row(float x) {
  x = larger(x, shuffle_xor<16>(x));
  return larger(x, shuffle_xor<32>(x));
}

/// Sums over some tokens: of a row, and four of its elements in a vector.
template <SplitShape S>
struct Sums {
  float most, sum;  // the largest logit, the sum of weights
  Float4 values[S.vectors()];

  OCTET_DEVICE void clear() {
    most = -kInfinity, sum = 0;
    OCTET_UNROLL
    for (int i = 0; i < S.vectors(); ++i) values[i] = Float4{0, 0, 0, 0};
  }
  OCTET_DEVICE void scale_values(float by) {
    OCTET_UNROLL
    for (int i = 0; i < S.vectors(); ++i) values[i] *= by;
  }
};

/// What weights are relative to.
OCTET_DEVICE float base_of(float most) { return most == -kInfinity ? 0 : most; }
/// From a maximum to a larger one.
OCTET_DEVICE float fold(float from, float to) { return from == to ? 1.0f : fast_exp2(from - to); }

template <SplitShape S>
struct Attend {
  static constexpr int kTokens = S.lane_tokens();  // of a lane, in a tile
  using Logits = Float4[S.row_tiles()];
  using Weights = std::conditional_t<kTokens == 8, Word4, Word2>;  // f16

  const GpuParams* p;
  Word4* q;  // LDS

  // Of the item.
  uint32_t lane;
  float scale;    // from dot products to powers of two
  float q_sum;    // times softmax_scale, for shifts of keys
  int32_t token;  // query token of the row
  int32_t length;
  int32_t from, to;  // tokens that every query sees

  // Of the tokens so far.
  Sums<S> sums;
  float shift;                // weighted shifts of values
  int32_t exponent, highest;  // sums are to be multiplied by 2^exponent

  OCTET_DEVICE Attend(const GpuParams& params, Word4* memory) : p(&params), q(memory) {}

  /// Takes the rows of an item (q.h). By all waves.
  OCTET_DEVICE void begin(const Item& item);

  OCTET_DEVICE void clear() {
    sums.clear();
    shift = 0, exponent = 0, highest = -1000;
  }

  /// Adds the dot products with half a head of keys.
  OCTET_DEVICE void dot(int half, const Keys<S>& keys, Logits& x) const {
    OCTET_UNROLL
    for (int j = 0; j < S.pieces(); ++j) {
      OCTET_UNROLL
      for (int w = 0; w < 2; ++w) {
        const int at = (half * S.pieces() + j) * 2 + w;
        const Word4 b = q[static_cast<uint32_t>(at) * 64 + lane];
        OCTET_UNROLL
        for (int s = 0; s < S.row_tiles(); ++s) {
          const uint32_t low = keys.pieces[s][j][w * 2], high = keys.pieces[s][j][w * 2 + 1];
          const Word4 a{widen(low, 0, low, 1), widen(low, 2, low, 3), widen(high, 0, high, 1),
                        widen(high, 2, high, 3)};
          x[s] = mma_f16_k32(a, b, x[s]);
        }
        schedule_fence();
      }
    }
  }

  /// From dot products to weights of values (softmax.h).
  OCTET_DEVICE Weights weigh(const Place& at, const ScaleWords& words, bool whole, Logits& x);

  OCTET_DEVICE bool whole(const Place& at) const {
    return at.first >= from && at.first + S.tile() <= to;
  }

  /// Adds weighted values of half a head: all, or of one query token after the other those that it
  /// sees, for zero times NaN would be NaN.
  OCTET_DEVICE void add(int half, const Values<S>& values, const Weights& weights, const Place& at,
                        bool whole) {
    OCTET_NO_UNROLL
    for (int32_t query = whole ? p->q_tokens - 1 : 0; query < p->q_tokens; ++query) {
      const Tokens seen = visible(*p, length, query).from(at.first + first_token());
      const bool mine = whole | (token == query);
      uint32_t words[kTokens];
      OCTET_UNROLL
      for (int t = 0; t < S.columns(); ++t) {
        if (t % 4 == 0) {
          OCTET_UNROLL
          for (int e = 0; e < kTokens; ++e) {
            words[e] = (whole | seen.hold(e)) ? values.words[e][t / 4] : 0;
          }
        }
        Float4& sum = sums.values[half * S.columns() + t];
        const Float4 added = multiply(column(words, static_cast<uint32_t>(t % 4)), weights, sum);
        OCTET_UNROLL
        for (int r = 0; r < 4; ++r) sum[r] = mine ? added[r] : sum[r];
        schedule_fence();
      }
    }
  }

 private:
  /// Of the lane's, in a tile.
  OCTET_DEVICE int32_t first_token() const { return static_cast<int32_t>(lane / 16) * kTokens; }
  /// Byte i of one word and byte j of another as f16.
  static OCTET_DEVICE uint32_t widen(uint32_t first, uint32_t i, uint32_t second, uint32_t j) {
    if constexpr (S.e5m2) return spread_bytes(first, i, second, j);
    return e4m3fn_pair_to_f16(first, i, second, j);
  }
  /// Byte i of a word of each token.
  static OCTET_DEVICE Weights column(const uint32_t (&w)[kTokens], uint32_t i) {
    Weights halves;
    OCTET_UNROLL
    for (int e = 0; e < kTokens; e += 2) halves[e / 2] = widen(w[e], i, w[e + 1], i);
    return halves;
  }
  static OCTET_DEVICE Float4 multiply(Word4 a, Word4 b, Float4 c) { return mma_f16_k32(a, b, c); }
  static OCTET_DEVICE Float4 multiply(Word2 a, Word2 b, Float4 c) {
    return mma_16x16x16_f16(a, b, c);
  }

  OCTET_DEVICE void finish_logits(const Place& at, const ScaleWords& words, bool whole,
                                  Logits& x) const;
  OCTET_DEVICE void follow_maximum(const Logits& x);
  OCTET_DEVICE void follow_exponent(float scale_of_token);
  /// Of token i of the lane's, what lane l holds of token l % tile.
  OCTET_DEVICE float of_token(float of_lane, int i) const {
    return as_float(shuffle(as_bits(of_lane), static_cast<uint32_t>(first_token() + i)));
  }
};

}  // namespace octet::ops::attn_decode::hip
