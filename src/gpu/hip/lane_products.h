// Products of few tokens by vector instructions: a wave has a few rows of weights, a lane 16 codes
// of each, 1024 of k a step.
//
// Layout     any k that is a multiple of 32; codes at multiples of 4 bytes, or anywhere (kBytes:
//            slow)
// Numerics   exact products, summed in float32: 16 of a block, scaled, then lane by lane in a fixed
//            tree. `Scale` is one of the two kinds below.
#pragma once

#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/ocp_fp8.h"
#include "src/gpu/hip/scaled_rows.h"

namespace octet::gpu::hip {

/// e8m0 for each 32 of k. Right for every byte: times 2^(sum of both) in one step.
struct ExponentScale {
  static OCTET_DEVICE uint32_t load(const Buffer& scales, uint32_t k, uint32_t row) {
    return scales.load8(k / 32, row);
  }
  static OCTET_DEVICE bool is_nan(uint32_t scale) { return scale == 255; }
  static OCTET_DEVICE float apply(float sum, uint32_t a, uint32_t b) {
    return scale_by_power(sum, static_cast<int>(a + b) - 254 + kOcpProductShift);
  }
};

/// float32 for each 128 of k.
struct FloatScale {
  static OCTET_DEVICE uint32_t load(const Buffer& scales, uint32_t k, uint32_t row) {
    return scales.load32(k / 128 * 4, row);
  }
  static OCTET_DEVICE bool is_nan(uint32_t) { return false; }  // floats carry it themselves
  static OCTET_DEVICE float apply(float sum, uint32_t a, uint32_t b) {
    return sum * static_cast<float>(1 << kOcpProductShift) * (as_float(a) * as_float(b));
  }
};

/// 16 codes of a lane and the scale of their block.
struct LaneCodes {
  Word4 codes;
  uint32_t scale;
};

template <int kRows, class Scale, bool kBytes>
class LaneRows {
 public:
  /// The first kRows rows of an operand; where there are fewer, the last stands for those that are
  /// not there.
  OCTET_DEVICE LaneRows(const ScaledOperand& operand, const RowSizes& sizes)
      : last_(sizes.count < kRows ? static_cast<int>(sizes.count) - 1 : kRows - 1),
        codes_(operand.codes, last_ * operand.row_bytes + sizes.k),
        scales_(operand.scales, last_ * operand.scale_row_bytes + sizes.scale_bytes),
        row_bytes_(static_cast<uint32_t>(operand.row_bytes)),
        scale_row_bytes_(static_cast<uint32_t>(operand.scale_row_bytes)) {}

  /// Codes `k` to k + 15 of a row.
  OCTET_DEVICE LaneCodes load(int row, uint32_t k) const {
    const auto here = static_cast<uint32_t>(row < last_ ? row : last_);
    const uint32_t scale = Scale::load(scales_, k, here * scale_row_bytes_);
    if constexpr (!kBytes) return {codes_.load128(k, here * row_bytes_), scale};
    Word4 codes{};
    OCTET_UNROLL
    for (int i = 0; i < 16; ++i) {
      codes[i / 4] |= static_cast<uint32_t>(codes_.load8(k + i, here * row_bytes_)) << 8 * (i % 4);
    }
    return {codes, scale};
  }

 private:
  int last_;
  Buffer codes_, scales_;
  uint32_t row_bytes_, scale_row_bytes_;
};

/// The values of 16 codes (gfx942: halves of them); the first is NaN where the scale is.
template <class Scale>
struct LaneValues {
  Float2 pairs[8] = {};
  uint32_t scale = 0;

  LaneValues() = default;
  OCTET_DEVICE explicit LaneValues(const LaneCodes& lane) : scale(lane.scale) {
    const Word4 codes = device_fp8(lane.codes);
    OCTET_UNROLL
    for (int i = 0; i < 4; ++i) {
      pairs[2 * i] = from_fp8x2<false>(codes[i]);
      pairs[2 * i + 1] = from_fp8x2<true>(codes[i]);
    }
    if (Scale::is_nan(scale)) pairs[0][0] = as_float(0x7fc00000u);
  }
  OCTET_DEVICE float dot(const LaneValues& other) const {
    Float2 sum = pairs[0] * other.pairs[0];
    OCTET_UNROLL
    for (int i = 1; i < 8; ++i) sum += pairs[i] * other.pairs[i];
    return Scale::apply(sum[0] + sum[1], scale, other.scale);
  }
};

template <bool kFirst, class A, class B>
OCTET_DEVICE const auto& choose(const A& a, const B& b) {
  if constexpr (kFirst) {
    return a;
  } else {
    return b;
  }
}

/// Which of k a lane multiplies.
struct LaneRange {
  uint32_t begin, stride, end;
};

/// Adds the lane's products to sums[token][row]. Values of rows are held, those of tokens made when
/// their turn comes, four tokens loaded at a time; where there are more rows than tokens the other
/// way round. Why: registers.
template <int kTokens, int kRows, class Scale, bool kBytes>
OCTET_DEVICE void add_products(float (&sums)[kTokens][kRows],
                               const LaneRows<kRows, Scale, kBytes>& weights,
                               const LaneRows<kTokens, Scale, kBytes>& tokens, LaneRange range) {
  constexpr bool kHoldTokens = kTokens < kRows;
  constexpr int kHeld = kHoldTokens ? kTokens : kRows, kOthers = kHoldTokens ? kRows : kTokens;
  constexpr int kAtOnce = kOthers < 4 ? kOthers : 4;
  const auto& held_rows = choose<kHoldTokens>(tokens, weights);
  const auto& other_rows = choose<kHoldTokens>(weights, tokens);
  OCTET_NO_UNROLL
  for (uint32_t k = range.begin; k < range.end; k += range.stride) {
    LaneCodes loaded[kHeld];
    OCTET_UNROLL
    for (int i = 0; i < kHeld; ++i) loaded[i] = held_rows.load(i, k);
    LaneValues<Scale> held[kHeld];
    OCTET_UNROLL
    for (int first = 0; first < kOthers; first += kAtOnce) {
      LaneCodes others[kAtOnce];
      OCTET_UNROLL
      for (int j = 0; j < kAtOnce; ++j) others[j] = other_rows.load(first + j, k);
      OCTET_UNROLL
      for (int i = 0; first == 0 && i < kHeld; ++i) held[i] = LaneValues<Scale>(loaded[i]);
      OCTET_UNROLL
      for (int j = 0; j < kAtOnce; ++j) {
        const LaneValues<Scale> other(others[j]);
        OCTET_UNROLL
        for (int i = 0; i < kHeld; ++i) {
          float& sum = kHoldTokens ? sums[i][first + j] : sums[first + j][i];
          sum += other.dot(held[i]);
        }
        schedule_fence();
      }
    }
  }
}

/// The sum over the wave of sums[token][row], in lane token * kRows + row.
template <int kTokens, int kRows>
OCTET_DEVICE float lane_sum(const float (&sums)[kTokens][kRows]) {
  float own = 0;
  OCTET_UNROLL
  for (uint32_t i = 0; i < kTokens * kRows; ++i) {
    const float sum = sum_lanes<64>(sums[i / kRows][i % kRows]);
    if (lane_index() == i) own = sum;
  }
  return own;
}

}  // namespace octet::gpu::hip
