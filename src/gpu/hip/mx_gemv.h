// Products of few tokens by vector instructions: a wave has a few rows of weights, a lane 16 codes
// of each, 1024 of k a step.
//
// Layout     any k that is a multiple of 32; addresses of codes at multiples of 4 bytes, or any
//            (kBytes: slow); exponents at any address
// Numerics   exact products, summed in float32: 16 of a block, times 2^(sum of both exponents) in
//            one step, then lane by lane in a fixed tree; right for every exponent
#pragma once

#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/mx_rows.h"
#include "src/gpu/hip/ocp_fp8.h"

namespace octet::gpu::hip {

/// 16 codes of a lane and the exponent of their block.
struct MxLane {
  Word4 codes;
  uint32_t exponent;
};

template <int kRows, bool kBytes>
class MxLaneRows {
 public:
  /// Rows `first` to first + kRows - 1; where there are fewer, the last (of `count`, 1 and up)
  /// stands for those that are not there.
  OCTET_DEVICE MxLaneRows(const MxOperand& operand, int64_t first, int count, int k)
      : last_(count < kRows ? count - 1 : kRows - 1),
        codes_(operand.codes + first * operand.row_bytes, last_ * operand.row_bytes + k),
        exponents_(operand.exponents + first * operand.exponent_row_bytes,
                   last_ * operand.exponent_row_bytes + k / 32),
        row_bytes_(static_cast<uint32_t>(operand.row_bytes)),
        exponent_row_bytes_(static_cast<uint32_t>(operand.exponent_row_bytes)) {}

  /// Codes `at` to at + 15 of a row.
  OCTET_DEVICE MxLane load(int row, uint32_t at) const {
    const auto here = static_cast<uint32_t>(row < last_ ? row : last_);
    const uint32_t exponent = exponents_.load8(at / 32, here * exponent_row_bytes_);
    if constexpr (!kBytes) return {codes_.load128(at, here * row_bytes_), exponent};
    Word4 codes{};
    OCTET_UNROLL
    for (int i = 0; i < 16; ++i) {
      codes[i / 4] |= static_cast<uint32_t>(codes_.load8(at + i, here * row_bytes_)) << 8 * (i % 4);
    }
    return {codes, exponent};
  }

 private:
  int last_;
  Buffer codes_, exponents_;
  uint32_t row_bytes_, exponent_row_bytes_;
};

/// The values of 16 codes (gfx942: halves of them); the first is NaN where the exponent is.
struct MxValues {
  Float2 pairs[8];
  int exponent;

  OCTET_DEVICE float dot(const MxValues& other) const {
    Float2 sum = pairs[0] * other.pairs[0];
    OCTET_UNROLL
    for (int i = 1; i < 8; ++i) sum += pairs[i] * other.pairs[i];
    return scale_by_power(sum[0] + sum[1], exponent + other.exponent - 254 + kOcpProductShift);
  }
};

OCTET_DEVICE MxValues mx_values(const MxLane& lane) {
  MxValues values;
  values.exponent = static_cast<int>(lane.exponent);
  const Word4 codes = device_fp8(lane.codes);
  OCTET_UNROLL
  for (int i = 0; i < 4; ++i) {
    values.pairs[2 * i] = from_fp8x2<false>(codes[i]);
    values.pairs[2 * i + 1] = from_fp8x2<true>(codes[i]);
  }
  if (lane.exponent == 255) values.pairs[0][0] = as_float(0x7fc00000u);
  return values;
}

template <bool kFirst, class A, class B>
OCTET_DEVICE const auto& choose(const A& a, const B& b) {
  if constexpr (kFirst) {
    return a;
  } else {
    return b;
  }
}

/// Adds to sums[token][row] what codes from `begin` on, every `stride` of k, contribute. Values of
/// rows are held, those of tokens made when their turn comes, four tokens loaded at a time; where
/// there are more rows than tokens the other way round. Why: registers.
template <int kTokens, int kRows, bool kBytes>
OCTET_DEVICE void add_products(float (&sums)[kTokens][kRows],
                               const MxLaneRows<kRows, kBytes>& weights,
                               const MxLaneRows<kTokens, kBytes>& tokens, uint32_t begin,
                               uint32_t stride, uint32_t k) {
  constexpr bool kHoldTokens = kTokens < kRows;
  constexpr int kHeld = kHoldTokens ? kTokens : kRows, kOthers = kHoldTokens ? kRows : kTokens;
  constexpr int kAtOnce = kOthers < 4 ? kOthers : 4;
  const auto& held_rows = choose<kHoldTokens>(tokens, weights);
  const auto& other_rows = choose<kHoldTokens>(weights, tokens);
  OCTET_NO_UNROLL
  for (uint32_t at = begin; at < k; at += stride) {
    MxLane loaded[kHeld];
    OCTET_UNROLL
    for (int i = 0; i < kHeld; ++i) loaded[i] = held_rows.load(i, at);
    MxValues held[kHeld];
    OCTET_UNROLL
    for (int first = 0; first < kOthers; first += kAtOnce) {
      MxLane others[kAtOnce];
      OCTET_UNROLL
      for (int j = 0; j < kAtOnce; ++j) others[j] = other_rows.load(first + j, at);
      OCTET_UNROLL
      for (int i = 0; first == 0 && i < kHeld; ++i) held[i] = mx_values(loaded[i]);
      OCTET_UNROLL
      for (int j = 0; j < kAtOnce; ++j) {
        const MxValues other = mx_values(others[j]);
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

}  // namespace octet::gpu::hip
