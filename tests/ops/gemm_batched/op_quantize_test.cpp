// Activations that gemm_batched quantises inside, against quantize itself.
#include "octet/quantize.h"
#include "ops/gemm_batched/small_batched.h"

namespace octet {
namespace {

using namespace testing_batched;  // NOLINT: the vocabulary of this file

/// Against quantize itself: dot products with unit vectors read back what a became.
TEST(GemmBatchedQuantize, PrequantisedActivationsAreThoseOfQuantize) {
  constexpr int64_t kCols = 256;
  std::vector<float> x(kCols), scale(kCols / 128);
  std::vector<uint8_t> q(kCols);
  SmallBatched small({1, kCols, kCols, 1, Format::kA8w8Prequant, DType::kF32});
  for (int64_t k = 0; k < kCols; ++k) {
    // Ties between codes, subnormal codes, and what saturates were the scale rounded down.
    const float value = static_cast<float>((k * 37 % 256) - 128) * (k % 5 == 0 ? 0.0078125f : 1);
    x[static_cast<size_t>(k)] = decode_bf16(encode_bf16(value));
    small.set_a(0, 0, k, x[static_cast<size_t>(k)]);
    small.set_b(0, k, k, 1);
  }
  Stream stream = Stream::cpu(2).value();
  QuantizeArgs quantize_args;
  quantize_args.x = {x.data(), DType::kF32, 1, kCols};
  quantize_args.q = {q.data(), DType::kE4m3fn, 1, kCols};
  quantize_args.scale = scale.data();
  ASSERT_TRUE(quantize(quantize_args, stream).ok());
  on_every_variant(small, [&] {
    for (int64_t k = 0; k < kCols; ++k) {
      const float code = decode(kE4m3fnFormat, q[static_cast<size_t>(k)]);
      EXPECT_EQ(small.f32(0, 0, k), code * scale[static_cast<size_t>(k / 128)]) << k;
    }
  });
}

TEST(GemmBatchedQuantize, ActivationsOfA16wfp4AreThoseOfQuantizeRoundedToEven) {
  constexpr int64_t kCols = 96;
  std::vector<float> x(kCols);
  std::vector<uint8_t> q(kCols / 2), scale(kCols / 32);
  SmallBatched small({1, kCols, kCols, 1, Format::kA16wfp4, DType::kF32});
  for (int64_t k = 0; k < kCols; ++k) {
    // Blocks whose largest is 5.9, 7.1 (the next exponent) and a subnormal of bf16.
    const float largest = k < 32 ? 5.9375f : k < 64 ? 7.125f : 0x1p-130f;
    x[static_cast<size_t>(k)] = largest * static_cast<float>(k % 32 - 16) / 16;
    x[static_cast<size_t>(k)] = decode_bf16(encode_bf16(x[static_cast<size_t>(k)]));
    small.set_a(0, 0, k, x[static_cast<size_t>(k)]);
    small.set_b(0, k, k, 1);
  }
  Stream stream = Stream::cpu(2).value();
  QuantizeArgs args;
  args.x = {x.data(), DType::kF32, 1, kCols};
  args.q = {q.data(), DType::kE2m1, 1, kCols};
  args.scale = scale.data();
  args.block = ScaleBlock::k1x32;
  args.scale_dtype = DType::kE8m0;
  args.rounding = MxRounding::kEven;
  ASSERT_TRUE(quantize(args, stream).ok());
  on_every_variant(small, [&] {
    for (int64_t k = 0; k < kCols; ++k) {
      const int code = q[static_cast<size_t>(k / 2)] >> (k % 2 * 4) & 15;
      const float value = decode(kE2m1Format, static_cast<uint32_t>(code)) *
                          decode_e8m0(scale[static_cast<size_t>(k / 32)]);
      EXPECT_EQ(small.f32(0, 0, k), value) << k;
    }
  });
}

TEST(GemmBatchedQuantize, WideActivationsAreNotRounded) {
  for (const Format format : {Format::kA16wfp4, Format::kA16wfp4Wide}) {
    SmallBatched small({1, 1, 32, 1, format, DType::kF32});
    small.set_a(0, 0, 0, 1.0078125f);
    small.set_b(0, 0, 0, 6);
    const float expected = format == Format::kA16wfp4Wide ? 1.0078125f * 6 : 6;
    on_every_variant(small, [&] { EXPECT_EQ(small.f32(0, 0, 0), expected); });
  }
}

TEST(GemmBatchedQuantize, NotFiniteActivationsMakeTheirRowNan) {
  for (const Format format : {Format::kA8w8Prequant, Format::kA16wfp4}) {
    for (const float special : {INFINITY, -INFINITY, NAN}) {
      SmallBatched small({2, 2, 160, 1, format, DType::kF32});
      small.set_a(0, 0, 130, special);
      small.set_a(0, 1, 130, 2);
      for (int k = 0; k < 160; ++k) small.set_b(0, 0, k, 1);
      on_every_variant(small, [&] {
        EXPECT_TRUE(std::isnan(small.f32(0, 0, 0)));
        EXPECT_NEAR(small.f32(0, 1, 0), 2, 1e-6);
      });
    }
  }
}

}  // namespace
}  // namespace octet
