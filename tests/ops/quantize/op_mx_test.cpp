// quantize to MX blocks and to rows through the public function: layouts, scales, what has no code.
#include <gtest/gtest.h>

#include "ops/quantize/small_quantize.h"

namespace octet {
namespace {

using testing_quantize::Kind;
using testing_quantize::SmallQuantize;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class QuantizeMxTest : public testing::Test {
 protected:
  void run(SmallQuantize& call) {
    const Status status = quantize(call.args, stream_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  Stream stream_ = Stream::cpu(2).value();
};

/// 32 zeros and these.
SmallQuantize block(DType q, MxRounding rounding, const std::vector<float>& values) {
  SmallQuantize call({DType::kF32, q, ScaleBlock::k1x32, rounding}, 1, 32);
  for (int64_t i = 0; i < 32; ++i) {
    const auto at = static_cast<size_t>(i);
    call.set(0, i, at < values.size() ? values[at] : 0);
  }
  return call;
}

TEST_F(QuantizeMxTest, E2m1LiesTwoCodesAByteLowColumnFirst) {
  SmallQuantize call = block(DType::kE2m1, MxRounding::kRoundUp, {6, -0.5f, 2.5f, 5, -6});
  run(call);
  EXPECT_EQ(call.scale[0], 127);
  EXPECT_EQ(call.q[0], 0x97);  // 6 is code 7, -0.5 code 9
  EXPECT_EQ(call.q[1], 0x64);  // ties to even: 2.5 to 2, 5 to 4
  EXPECT_EQ(call.q[2], 0x0f);
  EXPECT_EQ(call.q[15], 0x00);
  EXPECT_EQ(call.q[16], SmallQuantize::kCanary) << "32 codes are 16 bytes";
}

TEST_F(QuantizeMxTest, RoundingsByHand) {
  const auto expect = [&](MxRounding rounding, int scale, int code) {
    SmallQuantize call = block(DType::kE4m3fn, rounding, {500});
    run(call);
    EXPECT_EQ(call.scale[0], scale);
    EXPECT_EQ(call.q[0], code);
  };
  expect(MxRounding::kRoundUp, 128, 0x78);  // 250, nearest code 256
  expect(MxRounding::kFloor, 127, 0x7e);    // saturates at 448
  expect(MxRounding::kEven, 128, 0x78);     // 500 rounds to 512
}

TEST_F(QuantizeMxTest, ABlockOfZerosHasTheLeastScale) {
  for (const DType q : {DType::kE4m3fn, DType::kE2m1}) {
    SmallQuantize call = block(q, MxRounding::kRoundUp, {0.0f, -0.0f});
    run(call);
    EXPECT_EQ(call.scale[0], 0);
    EXPECT_EQ(call.q[0], q == DType::kE2m1 ? 0x80 : 0x00);
  }
}

TEST_F(QuantizeMxTest, TheSmallestAndTheLargestFloat) {
  const float smallest = 0x1p-149f, largest = std::numeric_limits<float>::max();
  SmallQuantize small =
      block(DType::kE4m3fn, MxRounding::kRoundUp, {smallest, 0x1p-136f, -0x1p-135f});
  run(small);
  EXPECT_EQ(small.scale[0], 0);
  EXPECT_EQ(small.q[0], 0);     // 2^-22 of the scale
  EXPECT_EQ(small.q[1], 0x01);  // 2^-9, the smallest code
  EXPECT_EQ(small.q[2], 0x82);
  SmallQuantize large = block(DType::kE4m3fn, MxRounding::kRoundUp, {largest, -largest});
  run(large);
  EXPECT_EQ(large.scale[0], 247);  // 2^120: 256
  EXPECT_EQ(large.q[0], 0x78);
  EXPECT_EQ(large.q[1], 0xf8);
}

TEST_F(QuantizeMxTest, E4m3KeepsNanInItsElement) {
  SmallQuantize call = block(DType::kE4m3fn, MxRounding::kRoundUp, {kNan, kInf, -kInf, 448, 1});
  run(call);
  EXPECT_EQ(call.scale[0], 127);
  EXPECT_EQ(call.q[0] & 0x7f, 0x7f);
  EXPECT_EQ(call.q[1], 0x7f);
  EXPECT_EQ(call.q[2], 0xff);
  EXPECT_EQ(call.q[3], 0x7e);
  EXPECT_EQ(call.q[4], 0x38);
}

TEST_F(QuantizeMxTest, E2m1MakesTheScaleNan) {
  for (const float special : {kNan, -kNan, kInf, -kInf}) {
    SmallQuantize call({DType::kF32, DType::kE2m1, ScaleBlock::k1x32}, 1, 64);
    for (int64_t i = 0; i < 64; ++i) call.set(0, i, 6);
    call.set(0, 40, special);
    run(call);
    EXPECT_EQ(call.scale[0], 127);
    EXPECT_EQ(call.q[15], 0x77);
    EXPECT_EQ(call.scale[1], 255);
    for (size_t i = 16; i < 32; ++i) EXPECT_EQ(call.q[i], 0) << special;
  }
}

TEST_F(QuantizeMxTest, ScalesMayBeColumnMajor) {
  SmallQuantize call({DType::kBf16, DType::kE4m3fn, ScaleBlock::k1x32}, 3, 64, 2);
  for (int64_t row = 0; row < 3; ++row) {
    for (int64_t col = 0; col < 64; ++col) call.set(row, col, col % 32 == 0 ? 448.0f : 0);
    call.set(row, 32, std::ldexp(448.0f, static_cast<int>(row) + 1));
  }
  call.args.scale_row_stride = 1;
  call.args.scale_col_stride = 4;
  run(call);
  for (size_t row = 0; row < 3; ++row) {
    EXPECT_EQ(call.scale[row], 127);
    EXPECT_EQ(call.scale[4 + row], 128 + row);
    EXPECT_EQ(call.q[row * 66], 0x7e);
    EXPECT_EQ(call.q[row * 66 + 64], SmallQuantize::kCanary);
  }
  EXPECT_EQ(call.scale[3], SmallQuantize::kCanary);
}

TEST_F(QuantizeMxTest, TheSameForAnyNumberOfThreads) {
  for (const Kind& kind : {Kind{DType::kBf16, DType::kE2m1, ScaleBlock::k1x32},
                           Kind{DType::kF32, DType::kE4m3fn, ScaleBlock::kRow}}) {
    SmallQuantize one(kind, 37, 1024);
    one.fill(1, 3);
    run(one);
    for (const int threads : {1, 3, 5}) {
      SmallQuantize other(kind, 37, 1024);
      other.fill(1, 3);
      stream_ = Stream::cpu(threads).value();
      run(other);
      EXPECT_EQ(other.q, one.q) << threads;
      EXPECT_EQ(other.scale, one.scale) << threads;
    }
  }
}

}  // namespace
}  // namespace octet
