// Codes of e2m1 and gates, the same in device code and in their test. Smaller quotients than
// float_divisor.h is exact for are code 0.
#pragma once

#include <bit>
#include <cstdint>

#include "src/core/float_divisor.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize {

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

/// As encode_e2m1 of the two bf16 of a word, in bits 0 to 3 and 16 to 19. `ops` minima, maxima (of
/// 16 bits) and sums (of bf16) of pairs. 2^6 times the binade rounds a bf16 as above.
template <class Ops>
constexpr uint32_t encode_e2m1_pair(uint32_t pair, const Ops& ops) {
  constexpr uint32_t kOnes = 0x3f803f80, kSixes = 0x40c040c0;
  const uint32_t size = ops.minima(pair & 0x7fff7fff, kSixes);
  const uint32_t binade = ops.maxima(size & 0x7f807f80, kOnes);
  const uint32_t magic = binade + 0x03000300;
  const uint32_t units = ops.sums(size, magic) - magic;
  return (units + (binade >> 6) - (kOnes >> 6)) | (pair >> 12 & 0x00080008);
}

/// The codes of four such pairs side by side, first in the low bits.
constexpr uint32_t pack_e2m1_pairs(const uint32_t (&pairs)[4]) {
  const uint32_t low = pairs[0] | pairs[1] << 8, high = pairs[2] | pairs[3] << 8;
  const uint32_t even = (low & 0xffff) | high << 16, odd = low >> 16 | (high & 0xffff0000);
  return even | odd << 4;
}

/// e^(-k g) as 2^n * polynomial(f), n + f = g * kPerBit: 2^f within 2^-22 for |f| <= 1/2.
template <Gate kGate>
struct GateConstants {
  static constexpr float kPerBit = kGate == Gate::kSilu ? -0x1.715476p+0f : -0x1.3a4cbep+1f;
  static constexpr float kMost = kGate == Gate::kSilu ? 86.0f : 50.0f;  // of |g|: n within +-124
};
inline constexpr float kRoundMagic =
    0x1.8p23f;  // a sum with it has the nearest integer in its low bits
inline constexpr float kExp2_0 = 0x1.000002p+0f, kExp2_1 = 0x1.62e430p-1f, kExp2_2 = 0x1.ebf906p-3f,
                       kExp2_3 = 0x1.c6af6cp-5f, kExp2_4 = 0x1.3d1070p-7f,
                       kExp2_5 = 0x1.5f0890p-10f;
inline constexpr float kSwigluLimit = 7;
inline constexpr uint32_t kGateNan = 0x7fc00000;

/// y of gate and up. `fma` is a fused multiply-add; no product meets a sum outside it, so compilers
/// that contract change nothing.
template <Gate kGate, class Fma>
constexpr float activate(float gate, float up, const Fma& fma) {
  using Constants = GateConstants<kGate>;
  constexpr bool kClamped = kGate == Gate::kSwiglu;
  // Why comparisons, not minima: NaN must stay.
  const float g = kClamped && gate > kSwigluLimit ? kSwigluLimit : gate;
  const float bounded = g < -Constants::kMost  ? -Constants::kMost
                        : g > Constants::kMost ? Constants::kMost
                                               : g;
  const float rounded = fma(bounded, Constants::kPerBit, kRoundMagic);
  const float f = fma(bounded, Constants::kPerBit, -(rounded - kRoundMagic));
  // Why no array: device code cannot read one of the host's, and nvcc compiles to nothing what
  // does.
  float power = fma(kExp2_5, f, kExp2_4);
  power = fma(power, f, kExp2_3);
  power = fma(power, f, kExp2_2);
  power = fma(power, f, kExp2_1);
  power = fma(power, f, kExp2_0);
  const uint32_t exponential =
      std::bit_cast<uint32_t>(power) + (std::bit_cast<uint32_t>(rounded) << 23);
  const float silu = g / (1.0f + std::bit_cast<float>(exponential));
  const float u = up > kSwigluLimit ? kSwigluLimit : up < -kSwigluLimit ? -kSwigluLimit : up;
  const float y = silu * (kClamped ? u + 1.0f : up);
  // Why: the sign of a NaN that arithmetic makes differs between processors.
  return y == y ? y : std::bit_cast<float>(kGateNan);
}

}  // namespace octet::ops::quantize
