// What kv_append quantises a row by, in steps that give the same bits in any order of summation and
// on any device.
//
// Method     the mean of a row is that of its values in fixed point, 21 bits below the largest:
// sums
//            of integers are exact. f16 scales are rounded upwards, so that nothing saturates
// Why static: kernel files are compiled with instruction-set flags and share no function
#pragma once

#include "src/ops/quantize/arithmetic.h"

namespace octet::ops::quantize {

inline constexpr float kLargestFloat = 0x1.fffffep127f;
inline constexpr float kLeastScale = 0x1p-126f, kMostScale = 0x1p120f;  // of scales that are given

/// |x| up to which x / scale is computed: far enough beyond the largest code to saturate.
static constexpr float bound_of(float scale, float largest_code) {
  const float bound = scale * (largest_code * (15.0f / 14.0f));
  return bound < kLargestFloat ? bound : kLargestFloat;
}

/// The unit of fixed point of a row with this largest magnitude, below 2^21 units: x * factor is in
/// units, which are `unit` each.
struct FixedPoint {
  float factor, unit;
};
static constexpr FixedPoint fixed_point_of(uint32_t amax_bits) {
  constexpr uint32_t kMost = 253;  // of the factor's exponent: the unit is a normal number
  const uint32_t wanted = 274 - (amax_bits >> 23), exponent = wanted < kMost ? wanted : kMost;
  return {std::bit_cast<float>(exponent << 23), std::bit_cast<float>((254 - exponent) << 23)};
}
/// Units of x * factor, when kRoundMagic was added to it.
static constexpr uint32_t units_of(float sum) {
  return std::bit_cast<uint32_t>(sum) - std::bit_cast<uint32_t>(kRoundMagic);
}
/// Why bounded: rows of the largest float have 2^21 units a value, one more than it.
static constexpr float mean_of(int32_t units, const FixedPoint& fixed, float inverse_dim) {
  const float mean = static_cast<float>(units) * inverse_dim * fixed.unit;
  return mean > kLargestFloat ? kLargestFloat : mean < -kLargestFloat ? -kLargestFloat : mean;
}

inline constexpr uint32_t kHalfMost = 0x7bff;  // 65504
inline constexpr float kHalfLeastNormal = 0x1p-14f;

/// The f16 code of a number that is not NaN, to nearest even, saturating.
static constexpr uint32_t half_nearest(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), magnitude = bits & 0x7fffffff;
  const uint32_t sign = bits >> 16 & 0x8000;
  const auto size = std::bit_cast<float>(magnitude);
  if (size >= 65504.0f) return sign | kHalfMost;
  if (size < kHalfLeastNormal) {  // 1/2 has the step of f16's subnormals
    return sign | (std::bit_cast<uint32_t>(size + 0.5f) - std::bit_cast<uint32_t>(0.5f));
  }
  return sign | (((magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13) - (112u << 10));
}

/// The least f16 code that is not below a positive number, of 2^-24 to 65504.
static constexpr uint32_t half_up(float x) {
  if (x >= 65504.0f) return kHalfMost;
  if (x <= 0x1p-24f) return 1;
  if (x >= kHalfLeastNormal) return ((std::bit_cast<uint32_t>(x) + 0x1fff) >> 13) - (112u << 10);
  const float units = x * 0x1p24f;
  const auto whole = static_cast<uint32_t>(units);
  return whole + (static_cast<float>(whole) < units ? 1 : 0);
}

/// The value of a finite f16 code.
static constexpr float half_value(uint32_t code) {
  const uint32_t magnitude = code & 0x7fff;
  const float size = magnitude < 0x400 ? static_cast<float>(magnitude) * 0x1p-24f
                                       : std::bit_cast<float>((magnitude << 13) + (112u << 23));
  return (code & 0x8000) != 0 ? -size : size;
}

/// What a row becomes codes by.
struct RowFactor {
  Divisor by;
  float shift, bound;
  bool usable;  // a given scale: within its limits
};
/// kPlain: x / scale; kShifted: (x - shift) / scale; kBounded: the same, saturating before.
enum class Scaling { kPlain, kShifted, kBounded };

}  // namespace octet::ops::quantize
