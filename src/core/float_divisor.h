// Division by a scale, rounded as IEEE says, without dividing: the same in host and device code.
//
// Method     q = x * (1/scale), corrected twice by its exact remainder (Markstein): where 1/scale
// is
//            correctly rounded and the remainder is exact, the second correction is the rounded
//            quotient
// Requires   |x| <= 448 scale, about; scale 2^-126 to 2^120. Exact for quotients of 2^-11 and
// above.
//            One correction does where x and 448 scale are bf16 (by trying all of them)
#pragma once

namespace octet {

/// A scale, times 2^64 where it is so small that remainders would lose bits.
struct Divisor {
  float lift;     // 1 or 2^64
  float scale;    // scale * lift
  float inverse;  // 1 / (scale * lift), correctly rounded
};

constexpr float lift_of(float scale) { return scale < 0x1p-60f ? 0x1p64f : 1.0f; }

/// `fma` is a fused multiply-add.
template <int kCorrections = 2, class Fma>
constexpr float divide(float x, const Divisor& by, const Fma& fma) {
  const float lifted = x * by.lift;
  float q = lifted * by.inverse;
  for (int step = 0; step < kCorrections; ++step) {
    // Why this sign of the remainder: -0 stays -0.
    q = fma(-fma(q, by.scale, -lifted), by.inverse, q);
  }
  return q;
}

}  // namespace octet
