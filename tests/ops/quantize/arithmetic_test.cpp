// The arithmetic of the device on the host: the processor's own quotient and the codec's e2m1, bit
// for bit.
#include "src/ops/quantize/arithmetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "src/core/formats.h"

namespace octet::ops::quantize {
namespace {

float device_quotient(float x, float scale) {
  const float lift = lift_of(scale), lifted = scale * lift;
  return divide(x, {lift, lifted, 1.0f / lifted},
                [](float a, float b, float c) { return std::fma(a, b, c); });
}

void expect_exact(float x, float scale) {
  const float expected = x / scale, q = device_quotient(x, scale);
  if (std::fabs(expected) >= 0x1p-11f) {
    ASSERT_EQ(std::bit_cast<uint32_t>(q), std::bit_cast<uint32_t>(expected)) << x << " / " << scale;
  } else {
    ASSERT_EQ(encode(kE4m3fnFormat, q), encode(kE4m3fnFormat, expected)) << x << " / " << scale;
  }
}

/// Scales of every binade, among them mantissas of all ones, of one bit, and those of amax / 448.
std::vector<float> scales(std::minstd_rand& random) {
  std::vector<float> list{0x1p-126f, 1.0f, 1 / 448.0f};
  for (int exponent = -126; exponent <= 119; ++exponent) {
    for (const uint32_t mantissa : {0u, 1u, 0x7fffffu, 0x7ffffeu, 0x400000u, 0x555555u}) {
      list.push_back(std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23 | mantissa));
    }
    const float amax = std::ldexp(1 + static_cast<float>(random() % 128) / 128, exponent);
    list.push_back(std::max(amax / 448, 0x1p-126f));
  }
  return list;
}

TEST(QuantizeArithmetic, IsTheRoundedQuotient) {
  std::minstd_rand random(1);
  for (const float scale : scales(random)) {
    for (int i = 0; i < 3000; ++i) {
      // A quotient of 24 or of 8 bits; times the scale it is next to a float, a tie or a code.
      const uint64_t bits = random() & (i % 2 ? 0x7fffffu : 0x7f0000u);
      const float quotient = std::bit_cast<float>(static_cast<uint32_t>(127 - 14 + i % 23) << 23 |
                                                  static_cast<uint32_t>(bits));
      const float x = quotient * scale * (i % 3 ? 1.0f : -1.0f);
      if (!(std::fabs(x / scale) <= 450)) continue;
      expect_exact(x, scale);
      expect_exact(std::nextafter(x, INFINITY), scale);
      if (HasFatalFailure()) return;
    }
  }
}

/// e5m2 has codes down to 2^-16, whose half is a tie.
TEST(QuantizeArithmetic, IsTheRoundedQuotientOfSmallerAndLargerCodes) {
  std::minstd_rand random(2);
  for (const float scale : scales(random)) {
    for (int i = 0; i < 500; ++i) {
      const uint32_t bits = random() & (i % 2 ? 0x7fffffu : 0x600000u);
      const float quotient =
          std::bit_cast<float>(static_cast<uint32_t>(127 - 20 + i % 37) << 23 | bits);
      const float x = quotient * scale;
      for (const float near : {x, std::nextafter(x, INFINITY), std::nextafter(x, 0.0f)}) {
        if (!(near / scale <= 61440)) continue;
        ASSERT_EQ(encode(kE5m2Format, device_quotient(near, scale)),
                  encode(kE5m2Format, near / scale))
            << near << " / " << scale;
      }
    }
  }
}

TEST(QuantizeArithmetic, ZerosKeepTheirSign) {
  for (const float scale : {0x1p-126f, 0x1p-40f, 3.0f, 0x1p119f}) {
    EXPECT_FALSE(std::signbit(device_quotient(0.0f, scale)));
    EXPECT_TRUE(std::signbit(device_quotient(-0.0f, scale)));
    EXPECT_TRUE(std::signbit(device_quotient(-0x1p-149f, scale)));
  }
}

TEST(QuantizeArithmetic, TheScaleOfEveryAmax) {
  // As the kernels find it: amax / 448, raised to the least scale.
  for (uint32_t bits = 1; bits < 0x7f800000; bits += 997) {
    const auto amax = std::bit_cast<float>(bits);
    const float lift = lift_of(amax);
    const float q = divide(amax * lift, {1.0f, 448.0f, 1 / 448.0f},
                           [](float a, float b, float c) { return std::fma(a, b, c); });
    ASSERT_EQ(std::max(q / lift, 0x1p-126f), std::max(amax / 448, 0x1p-126f)) << amax;
  }
}

TEST(QuantizeArithmetic, E2m1IsThatOfTheCodec) {
  // Every float with a mantissa of 11 bits, and both neighbours.
  for (uint32_t bits = 0; bits < 0x7f800000; bits += 1 << 12) {
    for (const uint32_t near : {bits - (bits != 0), bits, bits + 1}) {
      for (const uint32_t sign : {0u, 0x80000000u}) {
        const auto x = std::bit_cast<float>(near | sign);
        ASSERT_EQ(encode_e2m1(x), encode(kE2m1Format, x)) << x;
      }
    }
  }
}

struct PairsOnHost {
  static uint32_t each(uint32_t a, uint32_t b, uint16_t (*of)(uint16_t, uint16_t)) {
    const auto low = of(static_cast<uint16_t>(a), static_cast<uint16_t>(b));
    return low | uint32_t{of(static_cast<uint16_t>(a >> 16), static_cast<uint16_t>(b >> 16))} << 16;
  }
  static uint32_t minima(uint32_t a, uint32_t b) {
    return each(a, b, [](uint16_t x, uint16_t y) { return std::min(x, y); });
  }
  static uint32_t maxima(uint32_t a, uint32_t b) {
    return each(a, b, [](uint16_t x, uint16_t y) { return std::max(x, y); });
  }
  static uint32_t sums(uint32_t a, uint32_t b) {
    return each(
        a, b, [](uint16_t x, uint16_t y) { return encode_bf16(decode_bf16(x) + decode_bf16(y)); });
  }
};

TEST(QuantizeArithmetic, PairsOfBf16AreTheCodecsE2m1) {
  const auto code = [](uint32_t bf16) {
    return encode(kE2m1Format, decode_bf16(static_cast<uint16_t>(bf16)));
  };
  const auto pairs = [](uint32_t low, uint32_t high) {
    return encode_e2m1_pair(low | high << 16, PairsOnHost{});
  };
  for (uint32_t x = 0; x < 0x10000; ++x) {
    if ((x & 0x7fff) > 0x7f80) continue;  // NaN
    const uint32_t other = x * 40503 % 0x7f80;
    ASSERT_EQ(pairs(x, other), code(x) | code(other) << 16) << x;
    ASSERT_EQ(pairs(other, x), code(other) | code(x) << 16) << x;
  }
  EXPECT_EQ(pack_e2m1_pairs({0x20001, 0x40003, 0x60005, 0xf0007}), 0xf7654321u);
}

template <Gate kGate>
float gated(float gate, float up) {
  return activate<kGate>(gate, up, [](float a, float b, float c) { return std::fma(a, b, c); });
}

TEST(QuantizeArithmetic, ActivationsAreWithinTheirBound) {
  double worst = 0;
  for (double g = -80; g <= 80; g += 0.00371) {
    const auto gate = static_cast<float>(g);
    for (const float up : {1.0f, -0.37f, 6.9f, 12.0f, -9.0f}) {
      const double silu = gate / (1 + std::exp(-double{gate})) * double{up};
      worst = std::max(worst, std::fabs(gated<Gate::kSilu>(gate, up) - silu) / std::fabs(silu));
      const double bounded = std::min(double{gate}, 7.0), u = std::clamp(double{up}, -7.0, 7.0);
      const double swiglu = bounded / (1 + std::exp(-1.702 * bounded)) * (u + 1);
      if (gate < -45) continue;  // e^76: near the bound of |g|
      worst =
          std::max(worst, std::fabs(gated<Gate::kSwiglu>(gate, up) - swiglu) / std::fabs(swiglu));
    }
  }
  EXPECT_LT(worst, 0x1p-18);
  EXPECT_GT(worst, 0x1p-24) << "a comparison that finds nothing compares nothing";
}

TEST(QuantizeArithmetic, EndsOfTheActivations) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  EXPECT_EQ(gated<Gate::kSilu>(0, 5), 0);
  EXPECT_EQ(gated<Gate::kSilu>(1000, 2), 2000);
  EXPECT_LT(std::fabs(gated<Gate::kSilu>(-1000, 2)), 1e-33f);
  EXPECT_EQ(gated<Gate::kSilu>(inf, 2), inf);
  EXPECT_EQ(gated<Gate::kSwiglu>(inf, 100), gated<Gate::kSwiglu>(7, 7));
  EXPECT_EQ(gated<Gate::kSwiglu>(3, -100), gated<Gate::kSwiglu>(3, -7));
  for (const float other : {1.0f, -inf, nan, -nan}) {
    for (const float y : {gated<Gate::kSilu>(-nan, other), gated<Gate::kSilu>(other, nan),
                          gated<Gate::kSwiglu>(nan, other), gated<Gate::kSwiglu>(other, -nan)}) {
      EXPECT_EQ(std::bit_cast<uint32_t>(y), kGateNan);
    }
  }
}

}  // namespace
}  // namespace octet::ops::quantize
