// quantize after an activation: what is quantised, where gate and up lie.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/quantize/small_quantize.h"

namespace octet {
namespace {

using testing_quantize::Kind;
using testing_quantize::SmallQuantize;

double silu_mul(double gate, double up) { return gate / (1 + std::exp(-gate)) * up; }
double clamped_swiglu(double gate, double up) {
  const double g = std::min(gate, 7.0), u = std::clamp(up, -7.0, 7.0);
  return g / (1 + std::exp(-1.702 * g)) * (u + 1);
}

/// Codes times scales are the activation but for the rounding of e4m3: half a step of 2^-3, or of
/// the least normal number.
void expect_activated(SmallQuantize& call, double (*activation)(double, double)) {
  Stream stream = Stream::cpu(2).value();
  const Status status = quantize(call.args, stream);
  ASSERT_TRUE(status.ok()) << status.message();
  const int64_t cols = call.args.q.cols;
  const auto* x = reinterpret_cast<const float*>(call.x.data());
  for (int64_t row = 0; row < call.args.q.rows; ++row) {
    const float* gate = x + row * call.args.x.stride();
    for (int64_t col = 0; col < cols; ++col) {
      double scale;
      if (call.args.block == ScaleBlock::k1x32) {
        scale = decode_e8m0(call.scale[static_cast<size_t>(row * cols / 32 + col / 32)]);
      } else {
        float f32;
        std::memcpy(&f32, call.scale.data() + (row * cols / 128 + col / 128) * 4, 4);
        scale = f32;
      }
      const uint8_t code = call.q[static_cast<size_t>(row * call.args.q.stride() + col)];
      const double y = activation(gate[col], gate[cols + col]);
      const double got = scale * double{decode(kE4m3fnFormat, code)};
      ASSERT_LE(std::fabs(got - y), 1.0001 * std::max(std::fabs(y) * 0x1p-4, scale * 0x1p-10))
          << row << " " << col << ": " << gate[col] << " " << gate[cols + col];
    }
  }
}

TEST(QuantizeActivation, IsTheActivationOfGateAndUp) {
  for (const ScaleBlock block : {ScaleBlock::k1x128, ScaleBlock::k1x32}) {
    for (const Activation activation : {Activation::kSiluMul, Activation::kClampedSwiglu}) {
      SmallQuantize call({DType::kF32, DType::kE4m3fn, block, MxRounding::kRoundUp, activation}, 5,
                         1408, 3);
      std::minstd_rand random(7);
      for (int64_t row = 0; row < 5; ++row) {
        for (int64_t col = 0; col < 2 * 1408; ++col) {
          call.set(row, col, static_cast<float>(static_cast<int>(random() % 20001) - 10000) / 1000);
        }
      }
      expect_activated(call, activation == Activation::kSiluMul ? silu_mul : clamped_swiglu);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(QuantizeActivation, NanOfGateOrUpIsANanCode) {
  for (const int64_t at : {3, 131}) {  // of gate, of up
    SmallQuantize call({DType::kF32, DType::kE4m3fn, ScaleBlock::k1x128, MxRounding::kRoundUp,
                        Activation::kSiluMul},
                       1, 128);
    for (int64_t col = 0; col < 256; ++col) call.set(0, col, 1);
    call.set(0, at, -std::nanf(""));
    Stream stream = Stream::cpu(1).value();
    ASSERT_TRUE(quantize(call.args, stream).ok());
    EXPECT_EQ(call.q[3], 0x7f);
    EXPECT_EQ(call.q[2], 0x7e) << "no part of amax";
  }
}

}  // namespace
}  // namespace octet
