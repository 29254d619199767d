// Division by a scale, rounded as IEEE says, without dividing: the same in device code and in its
// test.
//
// Method     q = x * (1/scale), corrected twice by its exact remainder (Markstein): where 1/scale
// is
//            correctly rounded and the remainder is exact, the second correction is the rounded
//            quotient
// Requires   |x| <= 448 scale, about; scale 2^-126 to 2^120. Exact for quotients of 2^-11 and above
// (all
//            smaller ones are code 0)
#pragma once

#include <bit>
#include <cstdint>

namespace octet::ops::quantize {

/// A scale, times 2^64 where it is so small that remainders would lose bits.
struct Divisor {
  float lift;     // 1 or 2^64
  float scale;    // scale * lift
  float inverse;  // 1 / (scale * lift), correctly rounded
};

constexpr float lift_of(float scale) { return scale < 0x1p-60f ? 0x1p64f : 1.0f; }

/// `fma` is a fused multiply-add.
template <class Fma>
constexpr float divide(float x, const Divisor& by, const Fma& fma) {
  const float lifted = x * by.lift;
  float q = lifted * by.inverse;
  for (int step = 0; step < 2; ++step) {
    // Why this sign of the remainder: -0 stays -0.
    q = fma(-fma(q, by.scale, -lifted), by.inverse, q);
  }
  return q;
}

/// The e2m1 code of a number, to nearest even, saturating. Adding 2^22 times the binade leaves the
/// magnitude in units of half the binade: 0 to 3 below 2, then 2 or 3 (or 4, the next binade's 2).
constexpr uint32_t encode_e2m1(float x) {
  constexpr uint32_t kOne = 0x3f800000, kSix = 0x40c00000;
  const uint32_t bits = std::bit_cast<uint32_t>(x), magnitude = bits & 0x7fffffff;
  const uint32_t size = magnitude < kSix ? magnitude : kSix;
  const uint32_t binade = (size & 0x7f800000) > kOne ? size & 0x7f800000 : kOne;
  const uint32_t magic = binade + (22u << 23);
  const float sum = std::bit_cast<float>(size) + std::bit_cast<float>(magic);
  const uint32_t units = std::bit_cast<uint32_t>(sum) - magic;
  return (units + (binade >> 22) - (kOne >> 22)) | (bits >> 28 & 8);
}

}  // namespace octet::ops::quantize
