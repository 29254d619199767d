// Number formats: bit-exact codecs of every narrow type that Octet knows.
//
// Layout     sign, exponent, mantissa from the top bit down; a format is a row of constants
// Numerics   decode is exact; encode rounds once, to nearest, ties to even, subnormals included
// Source     OCP 8-bit Floating Point 1.0 (e4m3fn, e5m2), OCP MX 1.0 (e2m1, e8m0), the CDNA3 ISA
// (e4m3fnuz)
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace octet {

enum class Specials : uint8_t {
  kInfNan,   // top exponent holds infinity and NaN, as in IEEE 754
  kNanOnly,  // all ones is NaN, no infinity
  kZeroNan,  // the code of negative zero is NaN, no infinity, no negative zero
  kNone,     // every code is a finite number: NaN becomes negative zero, infinity the largest
};

/// A binary format of at most 16 bits.
struct Minifloat {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  Specials specials;

  constexpr uint32_t sign_bit() const { return 1u << (exponent_bits + mantissa_bits); }
  /// Code of the largest finite magnitude.
  constexpr uint32_t max_code() const {
    const uint32_t all = sign_bit() - 1;
    if (specials == Specials::kInfNan) return all - (1u << mantissa_bits);
    return specials == Specials::kNanOnly ? all - 1 : all;
  }
  /// Exponent of the largest finite magnitude.
  constexpr int max_exponent() const {
    return static_cast<int>(max_code() >> mantissa_bits) - bias;
  }
  constexpr uint32_t nan_code() const {
    if (specials == Specials::kZeroNan || specials == Specials::kNone) return sign_bit();
    return specials == Specials::kNanOnly ? sign_bit() - 1
                                          : max_code() + 1 + (1u << (mantissa_bits - 1));
  }
};

inline constexpr Minifloat kE4m3fnFormat{4, 3, 7, Specials::kNanOnly};
inline constexpr Minifloat kE4m3fnuzFormat{4, 3, 8, Specials::kZeroNan};
inline constexpr Minifloat kE5m2Format{5, 2, 15, Specials::kInfNan};
inline constexpr Minifloat kE2m1Format{2, 1, 1, Specials::kNone};
inline constexpr Minifloat kF16Format{5, 10, 15, Specials::kInfNan};

/// What becomes of a finite value beyond the largest: the largest, or infinity (NaN where none
/// exists).
enum class Overflow : uint8_t { kSaturate, kSpecial };

namespace internal {

constexpr float pow2(int exponent) {  // exponent in [-126, 127]
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
}

constexpr float special_value(const Minifloat& format, uint32_t magnitude) {
  const bool infinite = format.specials == Specials::kInfNan && magnitude == format.max_code() + 1;
  return infinite ? std::numeric_limits<float>::infinity()
                  : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace internal

constexpr float decode(const Minifloat& format, uint32_t code) {
  const uint32_t magnitude = code & (format.sign_bit() - 1);
  const bool negative = (code & format.sign_bit()) != 0;
  if (format.specials == Specials::kZeroNan && code == format.sign_bit()) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  float value = 0;
  if (magnitude > format.max_code()) {
    value = internal::special_value(format, magnitude);
  } else {
    const int exponent = static_cast<int>(magnitude >> format.mantissa_bits);
    const int fraction = static_cast<int>(magnitude & ((1u << format.mantissa_bits) - 1));
    const int significand = exponent == 0 ? fraction : fraction + (1 << format.mantissa_bits);
    const int scale = (exponent == 0 ? 1 : exponent) - format.bias - format.mantissa_bits;
    value = static_cast<float>(significand) * internal::pow2(scale);
  }
  return negative ? -value : value;
}

constexpr uint32_t encode(const Minifloat& format, float value,
                          Overflow overflow = Overflow::kSaturate) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 31) != 0 ? format.sign_bit() : 0;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return format.nan_code() | (format.specials == Specials::kZeroNan ? 0 : sign);
  const int drop = 23 - format.mantissa_bits;
  uint32_t code = 0;
  if (magnitude >= static_cast<uint32_t>(128 - format.bias) << 23) {  // normal in the target
    const uint32_t rounded = magnitude + ((1u << (drop - 1)) - 1) + ((magnitude >> drop) & 1);
    code = (rounded >> drop) - (static_cast<uint32_t>(127 - format.bias) << format.mantissa_bits);
  } else {  // adding `magic` leaves the result's unit at the target's smallest step
    const float magic = internal::pow2(24 - format.bias - format.mantissa_bits);
    code = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + magic) -
           std::bit_cast<uint32_t>(magic);
  }
  if (code > format.max_code()) {
    const bool infinite = format.specials == Specials::kInfNan &&
                          (overflow == Overflow::kSpecial || magnitude == 0x7f800000u);
    if (infinite) return sign | (format.max_code() + 1);
    const bool special = overflow == Overflow::kSpecial || magnitude == 0x7f800000u;
    if (special && format.specials != Specials::kNone) {
      return format.nan_code() | (format.specials == Specials::kZeroNan ? 0 : sign);
    }
    code = format.max_code();
  }
  if (format.specials == Specials::kZeroNan && code == 0) return 0;
  return sign | code;
}

constexpr float decode_bf16(uint16_t code) {
  return std::bit_cast<float>(static_cast<uint32_t>(code) << 16);
}

constexpr uint16_t encode_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// e8m0: 2^(code-127); 255 is NaN.
constexpr float decode_e8m0(uint8_t code) {
  if (code == 255) return std::numeric_limits<float>::quiet_NaN();
  return code == 0 ? std::bit_cast<float>(0x00400000u) : internal::pow2(code - 127);
}

/// How the e8m0 scale of an MX block follows from the bits of the block's largest magnitude.
struct MxScaleRule {
  uint32_t add;       // to the bits, so that the exponent is rounded as the rule says
  uint32_t subtract;  // from the exponent: that of the element's largest magnitude
};
/// The least scale that makes no element saturate: ceil(log2(amax / largest)).
constexpr MxScaleRule mx_round_up(const Minifloat& format) {
  const uint32_t mantissa = format.max_code() & ((1u << format.mantissa_bits) - 1);
  return {0x7fffffu - (mantissa << (23 - format.mantissa_bits)),
          static_cast<uint32_t>(format.max_exponent())};
}
/// OCP MX 1.0, 6.3: floor(log2(amax)) less the element's exponent; the top of a binade saturates.
constexpr MxScaleRule mx_floor(const Minifloat& format) {
  return {0, static_cast<uint32_t>(format.max_exponent())};
}
/// As mx_floor, of amax rounded to the element's precision.
constexpr MxScaleRule mx_even(const Minifloat& format) {
  return {1u << (22 - format.mantissa_bits), static_cast<uint32_t>(format.max_exponent())};
}
/// The e8m0 code of a block whose largest magnitude has these bits (finite, no sign): 0 for a block
/// of zeros, 253 at most.
constexpr uint8_t mx_scale(uint32_t amax_bits, MxScaleRule rule) {
  const uint32_t exponent = (amax_bits + rule.add) >> 23;
  return static_cast<uint8_t>(exponent > rule.subtract ? exponent - rule.subtract : 0);
}
/// What makes elements of a block: x * 2^(127 - scale). scale <= 253.
constexpr float mx_inverse(uint8_t scale) {
  return std::bit_cast<float>(static_cast<uint32_t>(254 - scale) << 23);
}

/// double to float in the rounding mode "to odd": a later rounding to a narrower type is then
/// exact.
constexpr float round_to_odd(double value) {
  float nearest = static_cast<float>(value);
  const double back = nearest;
  if (back == value || value != value) return nearest;
  uint32_t bits = std::bit_cast<uint32_t>(nearest);
  const bool above = (back < 0 ? -back : back) > (value < 0 ? -value : value);
  if (above) --bits;
  return std::bit_cast<float>(bits | 1u);
}

}  // namespace octet
