// What rows are quantised by: means in fixed point, and f16 scales, against the codecs.
#include "src/ops/quantize/append_scale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "src/core/formats.h"

namespace octet::ops::quantize {
namespace {

/// Every f16, what lies half-way to the next, and both neighbours of each.
std::vector<float> near_f16() {
  std::vector<float> list{0x1p-149f, 0x1p-126f, 65519.996f, 65520.0f, 1e30f, kLargestFloat};
  for (uint32_t code = 0; code < 0x7bff; ++code) {
    const float low = decode(kF16Format, code), high = decode(kF16Format, code + 1);
    for (const float x : {low, low + (high - low) / 2}) {
      list.insert(list.end(), {x, std::nextafter(x, INFINITY), std::nextafter(x, 0.0f)});
    }
  }
  return list;
}

TEST(AppendScale, HalfNearestIsTheCodec) {
  for (const float x : near_f16()) {
    for (const float to : {x, -x}) ASSERT_EQ(half_nearest(to), encode(kF16Format, to)) << to;
  }
}

TEST(AppendScale, HalfUpIsTheLeastThatIsNotBelow) {
  for (const float x : near_f16()) {
    if (x == 0) continue;
    const uint32_t code = half_up(x);
    ASSERT_GE(code, 1u);
    ASSERT_LE(code, 0x7bffu);
    ASSERT_GE(decode(kF16Format, code), std::min(x, 65504.0f));
    ASSERT_LT(code > 1 ? decode(kF16Format, code - 1) : 0, x);
  }
}

TEST(AppendScale, HalfValueIsTheCodec) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    if ((code & 0x7fff) > 0x7bff) continue;
    const float value = half_value(code);
    ASSERT_EQ(value, decode(kF16Format, code));
    ASSERT_EQ(std::signbit(value), code >= 0x8000);
  }
}

float mean(const std::vector<float>& x) {
  float amax = 0;
  for (const float value : x) amax = std::max(amax, std::fabs(value));
  const FixedPoint fixed = fixed_point_of(std::bit_cast<uint32_t>(amax));
  uint32_t units = 0;
  for (const float value : x) units += units_of(value * fixed.factor + kRoundMagic);
  return mean_of(static_cast<int32_t>(units), fixed, 1 / static_cast<float>(x.size()));
}

/// As near as the steps of fixed point, half of one a value, and three roundings.
TEST(AppendScale, MeansOfEveryMagnitude) {
  std::minstd_rand random(3);
  for (int binade = -148; binade <= 126; ++binade) {
    for (const size_t dim : {size_t{16}, size_t{128}, size_t{200}, size_t{512}}) {
      std::vector<float> x(dim);
      double sum = 0, most = 0;
      for (float& value : x) {
        value = std::ldexp(static_cast<float>(random() % 4096), binade - 11) - 0.0f;
        if (random() % 3 == 0) value = -value;
        sum += static_cast<double>(value);
        most = std::max(most, std::fabs(static_cast<double>(value)));
      }
      const double step = std::max(std::ldexp(most, -20), 0x1p-126);
      EXPECT_NEAR(static_cast<double>(mean(x)), sum / static_cast<double>(dim),
                  step * 0.5 + std::fabs(sum) / static_cast<double>(dim) * 0x1p-22)
          << "2^" << binade;
    }
  }
}

TEST(AppendScale, TheSumOfTheLongestRowOfTheLargestValuesFits) {
  EXPECT_FLOAT_EQ(mean(std::vector<float>(512, std::nextafter(2.0f, 0.0f))), 2.0f);
  EXPECT_FLOAT_EQ(mean(std::vector<float>(512, -kLargestFloat)) / kLargestFloat, -1.0f);
  EXPECT_EQ(mean(std::vector<float>(512, 0.0f)), 0.0f);
}

TEST(AppendScale, WhatIsBeyondTheBoundSaturates) {
  for (const Minifloat* format : {&kE4m3fnFormat, &kE5m2Format}) {
    const float largest = decode(*format, format->max_code());
    for (const float scale : {kLeastScale, 1.0f, 0.3f, kMostScale}) {
      const float bound = bound_of(scale, largest);
      EXPECT_TRUE(bound == kLargestFloat || encode(*format, bound / scale) == format->max_code());
      EXPECT_LE(bound, kLargestFloat);
      EXPECT_GE(bound, std::min(scale * largest, kLargestFloat));
    }
  }
}

}  // namespace
}  // namespace octet::ops::quantize
