#include "src/core/float_divisor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "src/core/formats.h"

namespace octet {
namespace {

float bf16_of(uint32_t bits) { return std::bit_cast<float>(bits << 16); }

/// Every bf16 up to the largest of a group, for every mantissa of that one.
TEST(FloatDivisorTest, OneCorrectionDoesForBf16ByTheirLargest) {
  const auto fma = [](float a, float b, float c) { return std::fma(a, b, c); };
  int64_t wrong = 0, wrong_of_two = 0, wrong_codes_of_none = 0;
  for (const uint32_t exponent : {1u, 67u, 127u, 200u}) {  // the second: where lifts begin
    for (uint32_t mantissa = 0; mantissa < 128; ++mantissa) {
      const uint32_t amax = exponent << 7 | mantissa;
      const float scale = std::max(bf16_of(amax) / 448, 0x1p-126f), lift = lift_of(scale);
      const Divisor by{lift, scale * lift, static_cast<float>(1.0 / double{scale * lift})};
      // Quotients below 2^-11 are code 0 whatever they are.
      for (uint32_t x = amax > 22 << 7 ? amax - (22 << 7) : 1; x <= amax; ++x) {
        const float quotient = bf16_of(x) / scale, plain = divide<0>(bf16_of(x), by, fma);
        if (quotient < 0x1p-11f) continue;
        wrong += divide<1>(bf16_of(x), by, fma) != quotient;
        wrong_of_two += divide(bf16_of(x), by, fma) != quotient;
        wrong_codes_of_none += encode(kE4m3fnFormat, plain) != encode(kE4m3fnFormat, quotient);
      }
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(wrong_of_two, 0);
  EXPECT_GT(wrong_codes_of_none, 0) << "no correction would do";
}

}  // namespace
}  // namespace octet
