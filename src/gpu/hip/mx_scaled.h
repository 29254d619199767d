// Sums of MX products by the scaled matrix instructions of gfx950, 128 of k each.
//
// Layout     16 rows of weights a group are the rows of an instruction, 16 tokens its columns. The
//            exponent of k-block j of row i is in lane 16 j + i, not where the codes are.
// Requires   gfx950
// Numerics   float32, scales applied by the instruction; 255 gives NaN
#pragma once

#include "src/gpu/hip/scaled_rows.h"

namespace octet::gpu::hip {

template <int kTokenGroups, int kWeightGroups>
class MxScaledSums {
 public:
  static constexpr int kTokens = kTokenGroups, kWeights = kWeightGroups;
  static constexpr bool kHasTail = true;  // any k that is a multiple of 32

  /// Step `step` of rows of either operand: every lane the exponent of one block of its row.
  template <int kGroups>
  static OCTET_DEVICE void load_weights(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows,
                                        uint32_t step) {
    load_exponents(to, rows, step);
    load_codes(to, rows, step);
  }
  template <int kGroups>
  static OCTET_DEVICE void load_tokens(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows,
                                       uint32_t step) {
    load_weights(to, rows, step);
  }
  /// The last one of rows whose k is no multiple of 128.
  template <int kGroups>
  static OCTET_DEVICE void load_tail(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows, int k) {
    const uint32_t step = static_cast<uint32_t>(k) / 128, rest = static_cast<uint32_t>(k) % 128;
    const uint32_t at = lane_index() / 16 * 16;
    load_exponents(to, rows, step, lane_index() / 16 < rest / 32 ? 0 : kPastEnd);
    load_codes(to, rows, step, at < rest ? 0 : kPastEnd, at + 64 < rest ? 0 : kPastEnd);
  }

  OCTET_DEVICE void take(const RowStep<kWeightGroups>& b, const RowStep<kTokenGroups>& a) {
    weights_ = b;
    tokens_ = a;
  }
  OCTET_DEVICE void add() {
    OCTET_UNROLL
    for (int i = 0; i < kWeightGroups; ++i) {
      OCTET_UNROLL
      for (int j = 0; j < kTokenGroups; ++j) {
        sums_[i][j] = mma_16x16x128_scaled<MatrixFormat::kE4m3, MatrixFormat::kE4m3>(
            weights_.codes[i], tokens_.codes[j], sums_[i][j], weights_.scales[i],
            tokens_.scales[j]);
      }
    }
  }
  OCTET_DEVICE void finish() {}
  /// Of rows 4 (l / 16) to + 3 of a group of weights and column l % 16 of a group of tokens.
  OCTET_DEVICE Float4 sum(int weights, int tokens) const { return sums_[weights][tokens]; }

 private:
  template <int kGroups>
  static OCTET_DEVICE void load_exponents(RowStep<kGroups>& to, const ScaledRows<kGroups>& rows,
                                          uint32_t step, uint32_t past = 0) {
    OCTET_UNROLL
    for (int i = 0; i < kGroups; ++i) {
      to.scales[i] = rows.scales.load8(rows.scale_at[i] + past + lane_index() / 16, step * 4);
    }
  }

  RowStep<kWeightGroups> weights_;
  RowStep<kTokenGroups> tokens_;
  Float4 sums_[kWeightGroups][kTokenGroups] = {};
};

}  // namespace octet::gpu::hip
