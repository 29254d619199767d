// quantize: scales by hand, codes by a search over all 256 codes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "octet/quantize.h"

namespace octet {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The value of a code by the definition of the format: sign, 4 exponent bits, 3 mantissa bits.
double value_of(DType kind, int code) {
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const bool fn = kind == DType::kE4m3fn;
  if (fn ? (code & 0x7f) == 0x7f : code == 0x80) return kNan;
  const int bias = fn ? 7 : 8;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa / 8.0, 1 - bias)
                                         : std::ldexp(1 + mantissa / 8.0, exponent - bias);
  return code >= 0x80 ? -magnitude : magnitude;
}

/// The nearest code of all 256, of two equally near the one with an even mantissa.
int nearest_code(DType kind, double x) {
  int best = -1;
  double best_distance = kInf;
  for (int code = 0; code < 256; ++code) {
    const double value = value_of(kind, code);
    const bool signed_zeros = kind == DType::kE4m3fn;
    if (std::isnan(value)) continue;
    if (value == 0 && signed_zeros && (code >= 0x80) != std::signbit(x)) continue;
    const double distance = std::fabs(value - x);
    if (distance < best_distance || (distance == best_distance && code % 2 == 0)) {
      best_distance = distance;
      best = code;
    }
  }
  return best;
}

class QuantizeTest : public testing::Test {
 protected:
  /// Rows x cols of zeros and room for the results.
  void make(int64_t rows, int64_t cols, DType kind = DType::kE4m3fn) {
    x_.assign(static_cast<size_t>(rows * cols), 0.0f);
    q_.assign(static_cast<size_t>(rows * cols), 0x55);
    scale_.assign(static_cast<size_t>(rows * cols / 128 + 8), -1.0f);
    args_ = {};
    args_.x = {x_.data(), DType::kF32, rows, cols};
    args_.q = {q_.data(), kind, rows, cols};
    args_.scale = scale_.data();
  }
  float& x(int64_t row, int64_t col) { return x_[static_cast<size_t>(row * args_.x.cols + col)]; }
  int q(int64_t row, int64_t col) const {
    return q_[static_cast<size_t>(row * args_.q.stride() + col)];
  }
  void run() {
    const Status status = quantize(args_, stream_);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Stream stream_ = Stream::cpu(2).value();
  std::vector<float> x_, scale_;
  std::vector<uint8_t> q_;
  QuantizeArgs args_;
};

TEST_F(QuantizeTest, ByHand) {
  make(1, 128);
  x(0, 0) = 448;  // the largest: scale 1
  x(0, 1) = -448;
  x(0, 2) = 1;             // exponent 7, mantissa 0
  x(0, 3) = 1.0625;        // halfway between 1 and 1.125: to even, 1
  x(0, 4) = 1.1875;        // halfway between 1.125 and 1.25: to even, 1.25
  x(0, 5) = 0.001953125;   // 2^-9, the smallest subnormal
  x(0, 6) = 0.0009765625;  // half of it: to even, 0
  x(0, 7) = -0.5;
  run();
  EXPECT_EQ(scale_[0], 1.0f);
  EXPECT_EQ(q(0, 0), 0x7e);
  EXPECT_EQ(q(0, 1), 0xfe);
  EXPECT_EQ(q(0, 2), 0x38);
  EXPECT_EQ(q(0, 3), 0x38);
  EXPECT_EQ(q(0, 4), 0x3a);
  EXPECT_EQ(q(0, 5), 0x01);
  EXPECT_EQ(q(0, 6), 0x00);
  EXPECT_EQ(q(0, 7), 0xb0);
  EXPECT_EQ(q(0, 127), 0x00);
}

TEST_F(QuantizeTest, ByHandFnuz) {
  make(1, 128, DType::kE4m3fnuz);
  x(0, 0) = -480;  // amax: scale 480 / 240 = 2
  x(0, 1) = 2;
  x(0, 2) = -0.0f;
  x(0, 3) = -0.0001f;  // below half the smallest subnormal times 2: zero has no sign
  run();
  EXPECT_EQ(scale_[0], 2.0f);
  EXPECT_EQ(q(0, 0), 0xff);
  EXPECT_EQ(q(0, 1), 0x40);  // 1: exponent 8
  EXPECT_EQ(q(0, 2), 0x00);
  EXPECT_EQ(q(0, 3), 0x00);
}

TEST_F(QuantizeTest, CodesAreTheNearestOfAll) {
  for (const DType kind : {DType::kE4m3fn, DType::kE4m3fnuz}) {
    make(64, 256, kind);
    uint32_t state = 12345;  // a linear congruential sequence: signed, over 24 binades
    for (float& value : x_) {
      state = state * 1664525 + 1013904223;
      value = std::ldexp(static_cast<float>(static_cast<int>(state >> 8 & 0xffff) - 32768) / 32768,
                         static_cast<int>(state >> 27) - 24);
    }
    run();
    const double max = kind == DType::kE4m3fn ? 448 : 240;
    for (int64_t row = 0; row < 64; ++row) {
      for (int64_t block = 0; block < 2; ++block) {
        float amax = 0;
        for (int64_t i = 0; i < 128; ++i) amax = std::max(amax, std::fabs(x(row, block * 128 + i)));
        const float scale = scale_[static_cast<size_t>(row * 2 + block)];
        ASSERT_FLOAT_EQ(scale, static_cast<float>(amax / max)) << row;
        for (int64_t i = 0; i < 128; ++i) {
          const float quotient = x(row, block * 128 + i) / scale;
          int expected = nearest_code(kind, quotient);
          ASSERT_EQ(q(row, block * 128 + i), expected) << row << " " << block * 128 + i;
        }
      }
    }
  }
}

TEST_F(QuantizeTest, AZeroBlockHasScaleOne) {
  make(2, 256);
  x(0, 0) = 896;
  run();
  EXPECT_EQ(scale_[0], 2.0f);
  EXPECT_EQ(scale_[1], 1.0f);
  EXPECT_EQ(scale_[2], 1.0f);
  EXPECT_EQ(scale_[3], 1.0f);
  for (int64_t i = 128; i < 256; ++i) EXPECT_EQ(q(0, i), 0);
}

TEST_F(QuantizeTest, NanAndInfinityBecomeNanAndCountForNoScale) {
  for (const DType kind : {DType::kE4m3fn, DType::kE4m3fnuz}) {
    make(1, 256, kind);
    x(0, 0) = kNan;
    x(0, 1) = kInf;
    x(0, 2) = -kInf;
    x(0, 3) = kind == DType::kE4m3fn ? 448.0f : 240.0f;
    for (int64_t i = 128; i < 256; ++i) x(0, i) = kInf;  // no finite value at all
    run();
    EXPECT_EQ(scale_[0], 1.0f);
    for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(value_of(kind, q(0, i)))) << i;
    EXPECT_EQ(q(0, 3), kind == DType::kE4m3fn ? 0x7e : 0x7f);
    EXPECT_EQ(q(0, 4), 0);
    EXPECT_EQ(scale_[1], 1.0f);
    for (int64_t i = 128; i < 256; ++i) ASSERT_TRUE(std::isnan(value_of(kind, q(0, i))));
  }
}

TEST_F(QuantizeTest, AScaleIsNeverSubnormal) {
  make(1, 128);
  x(0, 0) = 0x1p-130f;  // amax / 448 would be below 2^-126
  x(0, 1) = -0x1p-133f;
  run();
  EXPECT_EQ(scale_[0], 0x1p-126f);
  EXPECT_EQ(q(0, 0), 0x18);         // 2^-4: exponent 3
  EXPECT_EQ(q(0, 1), 0x80 | 0x04);  // 2^-7 = 4/8 * 2^-6
}

TEST_F(QuantizeTest, TheLargestFloatStaysFinite) {
  make(1, 128);
  x(0, 0) = std::numeric_limits<float>::max();
  x(0, 1) = -std::numeric_limits<float>::max();
  run();
  EXPECT_TRUE(std::isfinite(scale_[0]));
  EXPECT_EQ(q(0, 0), 0x7e);
  EXPECT_EQ(q(0, 1), 0xfe);
}

TEST_F(QuantizeTest, ReadsBf16AndF16) {
  make(1, 128);
  std::vector<uint16_t> halves(128, 0);
  halves[0] = 0x43e0;  // bf16 448
  halves[1] = 0xbf80;  // bf16 -1
  args_.x = {halves.data(), DType::kBf16, 1, 128};
  run();
  EXPECT_EQ(scale_[0], 1.0f);
  EXPECT_EQ(q(0, 0), 0x7e);
  EXPECT_EQ(q(0, 1), 0xb8);
  halves[0] = 0x5f00;  // f16 448
  halves[1] = 0x0001;  // f16 2^-24: rounds to zero
  halves[2] = 0x7c00;  // f16 infinity
  args_.x.dtype = DType::kF16;
  run();
  EXPECT_EQ(scale_[0], 1.0f);
  EXPECT_EQ(q(0, 0), 0x7e);
  EXPECT_EQ(q(0, 1), 0x00);
  EXPECT_EQ(q(0, 2), 0x7f);
}

TEST_F(QuantizeTest, BlocksOf128By128WithAShortLastOne) {
  make(130, 256);
  x(0, 0) = 448;      // block (0, 0)
  x(127, 255) = 896;  // block (0, 1)
  x(128, 0) = 1344;   // block (1, 0), two rows
  x(129, 200) = -1792;
  args_.block = ScaleBlock::k128x128;
  run();
  EXPECT_EQ(scale_[0], 1.0f);
  EXPECT_EQ(scale_[1], 2.0f);
  EXPECT_EQ(scale_[2], 3.0f);
  EXPECT_EQ(scale_[3], 4.0f);
  EXPECT_EQ(scale_[4], -1.0f) << "nothing behind the scales is written";
  EXPECT_EQ(q(127, 255), 0x7e);
  EXPECT_EQ(q(128, 0), 0x7e);
  EXPECT_EQ(q(129, 200), 0xfe);
  EXPECT_EQ(q(129, 255), 0x00);
}

TEST_F(QuantizeTest, TheSameForAnyNumberOfThreads) {
  make(67, 384);
  for (size_t i = 0; i < x_.size(); ++i) x_[i] = std::sin(static_cast<float>(i) * 0.7f) * i;
  run();
  const auto q = q_;
  const auto scale = scale_;
  for (const int threads : {1, 3, 5}) {
    stream_ = Stream::cpu(threads).value();
    std::fill(q_.begin(), q_.end(), uint8_t{0});
    run();
    EXPECT_EQ(q_, q) << threads;
    EXPECT_EQ(scale_, scale) << threads;
  }
}

TEST_F(QuantizeTest, NoRows) {
  make(0, 128);
  args_.x.data = nullptr;
  args_.q.data = nullptr;
  args_.scale = nullptr;
  run();
}

}  // namespace
}  // namespace octet
