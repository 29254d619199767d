// Sums of MX products by the FP8 matrix instructions that both devices have: products of 32 of k,
// each scaled in float32.
//
// Layout     16 rows of weights a group are the rows of an instruction, 16 tokens its columns.
//            Lanes hold 16 codes of one block of 32: those of 64 of k are two blocks, of lanes 0 to
//            31 and of 32 to 63. For the sums of one of the two the tokens of the other are zeros.
// Requires   k a multiple of 128, words of four exponents at multiples of 4 bytes
// Numerics   products and their sums over 32 of k as the matrix instruction has them (exact but for
//            their order), times 2^(sum of both exponents) in one step, added in float32: right for
//            every exponent; rows and columns with an exponent of 255 become NaN at the end
#pragma once

#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/ocp_fp8.h"
#include "src/gpu/hip/scaled_rows.h"

namespace octet::gpu::hip {

template <int kTokenGroups, int kWeightGroups>
class MxPromotedSums {
 public:
  static constexpr int kTokens = kTokenGroups, kWeights = kWeightGroups;
  static constexpr bool kHasTail = false;

  /// Step `step` of rows of either operand: every lane the four exponents of its row.
  template <int kGroups>
  static OCTET_DEVICE void load_weights(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows,
                                        uint32_t step) {
    load_scale_words(to, rows, step);
    load_codes(to, rows, step);
  }
  template <int kGroups>
  static OCTET_DEVICE void load_tokens(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows,
                                       uint32_t step) {
    load_weights(to, rows, step);
  }
  /// Makes what was loaded ready for add(), so that the next step can be loaded in its place.
  OCTET_DEVICE void take(const RowStep<kWeightGroups>& b, const RowStep<kTokenGroups>& a) {
    OCTET_UNROLL
    for (int i = 0; i < kWeightGroups; ++i) {
      weights_[i] = recode(b.codes[i]);
      row_nans_[i] |= nans(b.scales[i]);
      OCTET_UNROLL
      for (int r = 0; r < 4; ++r) rows_[i][r] = shuffle(b.scales[i], row_lane(r));
    }
    OCTET_UNROLL
    for (int j = 0; j < kTokenGroups; ++j) {
      tokens_[j] = recode(a.codes[j]);
      columns_[j] = a.scales[j];
      column_nans_[j] |= nans(columns_[j]);
    }
  }
  OCTET_DEVICE void add() {
    add_block<0>();
    add_block<1>();
    add_block<2>();
    add_block<3>();
  }

  OCTET_DEVICE void finish() {
    OCTET_UNROLL
    for (int i = 0; i < kWeightGroups; ++i) {
      OCTET_UNROLL
      for (int r = 0; r < 4; ++r) {
        const uint32_t row = shuffle(row_nans_[i], row_lane(r));
        OCTET_UNROLL
        for (int j = 0; j < kTokenGroups; ++j) {
          if ((row | column_nans_[j]) != 0) sums_[i][j][r] = as_float(0x7fc00000u);
        }
      }
    }
  }
  /// Of rows 4 (l / 16) to + 3 of a group of weights and column l % 16 of a group of tokens.
  OCTET_DEVICE Float4 sum(int weights, int tokens) const { return sums_[weights][tokens]; }

 private:
  /// A lane that holds row 4 (l / 16) + r.
  static OCTET_DEVICE uint32_t row_lane(uint32_t r) { return lane_index() / 16 * 4 + r; }
  /// Not zero where a byte is 255.
  static OCTET_DEVICE uint32_t nans(uint32_t exponents) {
    return ((exponents & 0x7f7f7f7fu) + 0x01010101u) & exponents & 0x80808080u;
  }
  static OCTET_DEVICE Word8 recode(const Word8& v) {
    return join(device_fp8(Word4{v[0], v[1], v[2], v[3]}),
                device_fp8(Word4{v[4], v[5], v[6], v[7]}));
  }
  template <int kBlock>
  OCTET_DEVICE void add_block() {
    constexpr int kFirst = kBlock / 2 * 4;  // of the words of 64 of k, which two blocks share
    const uint32_t keep = lane_index() / 32 == kBlock % 2 ? ~0u : 0u;
    OCTET_UNROLL
    for (int j = 0; j < kTokenGroups; ++j) {
      const Word8& t = tokens_[j];
      const Word2 low{t[kFirst] & keep, t[kFirst + 1] & keep};
      const Word2 high{t[kFirst + 2] & keep, t[kFirst + 3] & keep};
      const auto column =
          static_cast<int>(columns_[j] >> 8 * kBlock & 255) - 254 + kOcpProductShift;
      OCTET_UNROLL
      for (int i = 0; i < kWeightGroups; ++i) {
        const Word8& w = weights_[i];
        Float4 product = mma_16x16x32_fp8(Word2{w[kFirst], w[kFirst + 1]}, low, Float4{});
        product = mma_16x16x32_fp8(Word2{w[kFirst + 2], w[kFirst + 3]}, high, product);
        OCTET_UNROLL
        for (int r = 0; r < 4; ++r) {
          const auto row = static_cast<int>(rows_[i][r] >> 8 * kBlock & 255);
          sums_[i][j][r] += scale_by_power(product[r], row + column);
        }
      }
    }
    schedule_fence();  // Why: products of all blocks at once would take too many registers
  }

  Word8 weights_[kWeightGroups], tokens_[kTokenGroups];      // as the device's codes
  uint32_t rows_[kWeightGroups][4], columns_[kTokenGroups];  // exponents
  Float4 sums_[kWeightGroups][kTokenGroups] = {};
  uint32_t row_nans_[kWeightGroups] = {}, column_nans_[kTokenGroups] = {};
};

}  // namespace octet::gpu::hip
