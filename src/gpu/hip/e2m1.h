// Codes of e2m1 as what matrix instructions of gfx942 take, eight of a word at a time.
//
// Numerics   exact
#pragma once

#include "src/gpu/hip/convert.h"

namespace octet::gpu::hip {

/// Twice the values of the codes in the low four bits of each byte, as int8.
OCTET_DEVICE uint32_t e2m1_doubled(uint32_t codes) {
  const uint32_t magnitudes = codes & 0x07070707;
  const uint32_t positive = select_bytes(0x0c080604, 0x03020100, magnitudes);
  const uint32_t negative = select_bytes(0xf4f8fafc, 0xfdfeff00, magnitudes);
  const uint32_t signs = codes >> 3 & 0x01010101, mask = (signs << 8) - signs;
  return (positive & ~mask) | (negative & mask);
}
/// Codes 0, 2, 4, 6 of a word, then 1, 3, 5, 7.
OCTET_DEVICE Word2 e2m1_to_i8(uint32_t word) {
  return Word2{e2m1_doubled(word), e2m1_doubled(word >> 4)};
}

/// Bytes of the bf16 of every magnitude times a power of two, for select_bytes.
struct Bf16Table {
  uint32_t high[2], low[2];  // upper and lower bytes of codes 0 to 3, and 4 to 7

  /// `exponent` within -120 to 120.
  explicit OCTET_DEVICE Bf16Table(int exponent)
      : Bf16Table(static_cast<uint32_t>(exponent) << 7 & 0xffff, 0) {}
  static OCTET_DEVICE Bf16Table nan() { return Bf16Table(0, 0x7fc07fc0); }

 private:
  /// Two bf16 of magnitudes above 0, each `added` units more.
  static OCTET_DEVICE uint32_t pair(uint32_t bits, uint32_t added) {
    return ((bits + added) & 0xffff) | ((bits & 0xffff0000) + (added << 16));
  }
  OCTET_DEVICE Bf16Table(uint32_t added, uint32_t set) {
    const uint32_t pairs[4] = {(pair(0x3f003f00, added) & 0xffff0000) | set,
                               pair(0x3fc03f80, added) | set, pair(0x40404000, added) | set,
                               pair(0x40c04080, added) | set};
    OCTET_UNROLL
    for (int i = 0; i < 2; ++i) {
      high[i] = select_bytes(pairs[2 * i + 1], pairs[2 * i], 0x07050301);
      low[i] = select_bytes(pairs[2 * i + 1], pairs[2 * i], 0x06040200);
    }
  }
};

/// The upper and the lower bytes of bf16 of the codes in the low four bits of each byte.
struct Bf16Bytes {
  uint32_t high, low;

  OCTET_DEVICE Bf16Bytes(uint32_t codes, const Bf16Table& table)
      : high(select_bytes(table.high[1], table.high[0], codes & 0x07070707) | (codes & 0x08080808)
                                                                                  << 4),
        low(select_bytes(table.low[1], table.low[0], codes & 0x07070707)) {}
};
/// The codes of a word in their order, as bf16.
OCTET_DEVICE Word4 e2m1_to_bf16(uint32_t word, const Bf16Table& table) {
  const Bf16Bytes even(word, table), odd(word >> 4, table);
  const uint32_t even01 = select_bytes(even.high, even.low, 0x05010400);
  const uint32_t even23 = select_bytes(even.high, even.low, 0x07030602);
  const uint32_t odd01 = select_bytes(odd.high, odd.low, 0x05010400);
  const uint32_t odd23 = select_bytes(odd.high, odd.low, 0x07030602);
  return Word4{select_bytes(odd01, even01, 0x05040100), select_bytes(odd01, even01, 0x07060302),
               select_bytes(odd23, even23, 0x05040100), select_bytes(odd23, even23, 0x07060302)};
}

/// An exponent byte (not 255) in two: what goes into a bf16, and the rest, 2^-27 to 2^27. Sums of
/// products that have the first leave float32's range only where the whole ones do.
struct SplitExponent {
  static constexpr int kMost = 100;
  int inner;
  float outer;

  explicit OCTET_DEVICE SplitExponent(uint32_t byte) {
    const int whole = static_cast<int>(byte) - 127;
    inner = whole < -kMost ? -kMost : whole > kMost ? kMost : whole;
    outer = scale_by_power(1.0f, whole - inner);
  }
};

}  // namespace octet::gpu::hip
