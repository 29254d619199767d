// Sums of products of OCP codes with float32 scales of 128 of k: of a row of tokens, and of 128
// rows of weights, among which a tile's are.
//
// Layout     16 rows of weights a group are the rows of an instruction, 16 tokens its columns
// Requires   k a multiple of 128
// Numerics   sums over 128 of k as the matrix instructions of `Product` have them, times the
// product of
//            both scales, added in float32
#pragma once

#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/ocp_fp8.h"
#include "src/gpu/hip/scaled_rows.h"

namespace octet::gpu::hip {

template <int kTokenGroups, int kWeightGroups, class Product>
class BlockSums {
 public:
  static constexpr int kTokens = kTokenGroups, kWeights = kWeightGroups;
  static constexpr bool kHasTail = false;

  /// Every lane the one scale of the tile.
  static OCTET_DEVICE void load_weights(RowStep<kWeightGroups>& to,
                                        const ScaledRows<kWeightGroups>& rows, uint32_t step) {
    to.scales[0] = rows.scales.load32(0, step * 4);
    load_codes(to, rows, step);
  }
  /// Every lane the scale of its token.
  static OCTET_DEVICE void load_tokens(RowStep<kTokenGroups>& to,
                                       const ScaledRows<kTokenGroups>& rows, uint32_t step) {
    load_scale_words(to, rows, step);
    load_codes(to, rows, step);
  }

  /// Makes what was loaded ready for add(), so that the next step can be loaded in its place.
  OCTET_DEVICE void take(const RowStep<kWeightGroups>& b, const RowStep<kTokenGroups>& a) {
    OCTET_UNROLL
    for (int i = 0; i < kWeightGroups; ++i) weights_[i] = Product::codes(b.codes[i]);
    OCTET_UNROLL
    for (int j = 0; j < kTokenGroups; ++j) {
      tokens_[j] = Product::codes(a.codes[j]);
      scales_[j] = as_float(a.scales[j]) * as_float(b.scales[0]);
    }
  }
  OCTET_DEVICE void add() {
    OCTET_UNROLL
    for (int j = 0; j < kTokenGroups; ++j) {
      OCTET_UNROLL
      for (int i = 0; i < kWeightGroups; ++i) {
        const Float4 product = Product::product(weights_[i], tokens_[j]);
        OCTET_UNROLL
        for (int r = 0; r < 4; ++r) sums_[i][j][r] += product[r] * Product::kFactor * scales_[j];
      }
    }
  }
  OCTET_DEVICE void finish() {}
  /// Of rows 4 (l / 16) to + 3 of a group of weights and column l % 16 of a group of tokens.
  OCTET_DEVICE Float4 sum(int weights, int tokens) const { return sums_[weights][tokens]; }

 private:
  Word8 weights_[kWeightGroups], tokens_[kTokenGroups];
  float scales_[kTokenGroups];
  Float4 sums_[kWeightGroups][kTokenGroups] = {};
};

/// 128 of k by the instructions over 32 that both devices have. The order of k within 128 is that
/// of both operands alike, which a sum does not see.
struct NarrowProduct {
  static constexpr float kFactor = 1 << kOcpProductShift;

  static OCTET_DEVICE Word8 codes(const Word8& v) {
    return join(device_fp8(Word4{v[0], v[1], v[2], v[3]}),
                device_fp8(Word4{v[4], v[5], v[6], v[7]}));
  }
  static OCTET_DEVICE Float4 product(const Word8& weights, const Word8& tokens) {
    Float4 sum{};
    OCTET_UNROLL
    for (int i = 0; i < 8; i += 2) {
      sum =
          mma_16x16x32_fp8(Word2{weights[i], weights[i + 1]}, Word2{tokens[i], tokens[i + 1]}, sum);
    }
    return sum;
  }
};

}  // namespace octet::gpu::hip
