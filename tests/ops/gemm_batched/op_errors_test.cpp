// Every refusal of gemm_batched: argument, value, limit; and nothing is written.
#include <functional>

#include "ops/gemm_batched/small_batched.h"

namespace octet {
namespace {

using namespace testing_batched;  // NOLINT: the vocabulary of this file
using Change = std::function<void(GemmBatchedArgs&)>;

struct Refusal {
  Change change;
  std::string message;  // what the message must hold
};

void expect_refused(Format format, const std::vector<Refusal>& refusals) {
  Stream stream = Stream::cpu(2).value();
  SmallBatched small({3, 4, 64, 2, format});
  ASSERT_TRUE(gemm_batched(small.args, stream).ok());
  for (const Refusal& refusal : refusals) {
    GemmBatchedArgs args = small.args;
    refusal.change(args);
    std::fill(small.d.begin(), small.d.end(), uint8_t{0xee});
    const Status status = gemm_batched(args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << refusal.message;
    EXPECT_NE(status.message().find(refusal.message), std::string::npos)
        << status.message() << "\nis not: " << refusal.message;
    EXPECT_TRUE(small.untouched()) << refusal.message;
  }
}

TEST(GemmBatchedErrors, Types) {
  expect_refused(
      Format::kBf16,
      {{[](auto& x) { x.a.dtype = DType::kF16; },
        "gemm_batched: a.dtype = f16 with b.dtype = bf16, must be bf16 with bf16, e4m3fn or e2m1"},
       {[](auto& x) { x.b.dtype = DType::kI8; }, "a.dtype = bf16 with b.dtype = i8, must be"},
       {[](auto& x) { x.d.dtype = DType::kE4m3fn; }, "d.dtype = e4m3fn, must be bf16, f16 or f32"},
       {[](auto& x) { x.fp4_activations = Fp4Activations::kBf16; },
        "fp4_activations = kBf16, must be kQuantized unless bf16 meets e2m1"}});
  expect_refused(Format::kA8w8, {{[](auto& x) { x.b.dtype = DType::kI8; },
                                  "a.dtype = e4m3fn with b.dtype = i8, must be"},
                                 {[](auto& x) { x.b.dtype = DType::kE4m3fnuz; },
                                  "a.dtype = e4m3fn with b.dtype = e4m3fnuz, must be"}});
  expect_refused(
      Format::kAfp4wfp4,
      {{[](auto& x) { x.a_scale.dtype = DType::kF32; }, "a_scale.dtype = f32, must be e8m0"},
       {[](auto& x) { x.b_scale.dtype = DType::kF32; }, "b_scale.dtype = f32, must be e8m0"}});
}

TEST(GemmBatchedErrors, Sizes) {
  expect_refused(
      Format::kBf16,
      {{[](auto& x) { x.a.batch = x.b.batch = x.d.batch = 4097; },
        "batch = 4097, must be 0 to 4096"},
       {[](auto& x) { x.a.batch = -1; }, "batch = -1, must be 0 to 4096"},
       {[](auto& x) { x.a.rows = x.d.rows = -1; }, "m = -1, must be 0 to 2^31 - 1"},
       {[](auto& x) { x.b.rows = int64_t{1} << 31; }, "n = 2147483648, must be 0 to 2^31 - 1"},
       {[](auto& x) { x.a.cols = x.b.cols = 0; }, "k = 0, must be a multiple of 1, at least 1"},
       {[](auto& x) { x.b.batch = 3; }, "b is (3, 4, 64), must be (2, 4, 64)"},
       {[](auto& x) { x.b.cols = 63; }, "b is (2, 4, 63), must be (2, 4, 64)"},
       {[](auto& x) { x.d.rows = 2; }, "d is (2, 2, 4), must be (2, 3, 4)"},
       {[](auto& x) { x.d.batch = 1; }, "d is (1, 3, 4), must be (2, 3, 4)"}});
  expect_refused(Format::kA16wfp4, {{[](auto& x) { x.a.cols = x.b.cols = 48; },
                                     "k = 48, must be a multiple of 32, at least 32"}});
}

TEST(GemmBatchedErrors, Scales) {
  static const float scales[16] = {};
  expect_refused(
      Format::kA8w8,
      {{[](auto& x) { x.a_scale.rows = 4; }, "a_scale is (2, 4, 1), must be (2, 3, 1)"},
       {[](auto& x) { x.b_scale.batch = 1; }, "b_scale is (1, 4, 1), must be (2, 4, 1)"},
       {[](auto& x) { x.a_scale.dtype = DType::kBf16; }, "a_scale.dtype = bf16, must be f32"}});
  expect_refused(Format::kBf16, {{[](auto& x) { x.a_scale.data = scales; },
                                  "a_scale is given, must be null for bf16 with bf16"},
                                 {[](auto& x) { x.b_scale.data = scales; },
                                  "b_scale is given, must be null for bf16 with bf16"}});
  expect_refused(Format::kA8w8Prequant,
                 {{[](auto& x) { x.b_scale.batch = 2; }, "b_scale is (2, 1, 1), must be (1, 1, 1)"},
                  {[](auto& x) { x.a_scale.data = scales; },
                   "a_scale is given, must be null for bf16 with e4m3fn"}});
  expect_refused(
      Format::kAfp4wfp4,
      {{[](auto& x) { x.a_scale.cols = 1; }, "a_scale is (2, 3, 1), must be (2, 3, 2)"},
       {[](auto& x) { x.b_scale.rows = 5; }, "b_scale is (2, 5, 2), must be (2, 4, 2)"}});
}

TEST(GemmBatchedErrors, Bias) {
  static const float bias[16] = {};
  const auto with = [](const ConstMatrix& view) {
    return [view](GemmBatchedArgs& x) { x.bias = view; };
  };
  expect_refused(Format::kBf16,
                 {{with({bias, DType::kF16, 2, 4}), "bias.dtype = f16, must be f32 or bf16"},
                  {with({bias, DType::kF32, 1, 4}), "bias is (1, 4), must be (2, 4)"},
                  {with({bias, DType::kF32, 2, 4, 3}),
                   "bias.row_stride = 3, must be at least its 4 columns"}});
}

TEST(GemmBatchedErrors, Strides) {
  expect_refused(
      Format::kBf16,
      {{[](auto& x) { x.a.row_stride = 63; }, "a.row_stride = 63, must be at least its 64 columns"},
       {[](auto& x) { x.b.batch_stride = -1; }, "b.batch_stride = -1, must be at least 0"},
       {[](auto& x) { x.a.batch_stride = 191; },
        "a.batch_stride = 191, must be at least the 192 elements of a matrix, or its 64 columns "
        "where row_stride = 64 holds the 2 rows of a batch"},
       {[](auto& x) { x.d.batch_stride = 3, x.d.row_stride = 8; },
        "d.batch_stride = 3, must be at least the 20 elements of a matrix, or its 4 columns"},
       {[](auto& x) { x.d.batch_stride = 4, x.d.row_stride = 7; },
        "d.batch_stride = 4, must be at least the 18 elements"},
       {[](auto& x) { x.b.row_stride = int64_t{1} << 60; },
        "elements with row_stride = 1152921504606846976 and batch_stride = 0, must be below 2^60"},
       {[](auto& x) { x.a.batch_stride = int64_t{1} << 61; }, "must be below 2^60"}});
  expect_refused(Format::kAfp4wfp4, {{[](auto& x) { x.a.row_stride = 65; },
                                      "a has strides 65 and 195, must be even for e2m1"},
                                     {[](auto& x) { x.b.batch_stride = 257; },
                                      "b has strides 64 and 257, must be even for e2m1"}});
}

TEST(GemmBatchedErrors, NullPointers) {
  expect_refused(Format::kA8w8,
                 {{[](auto& x) { x.a.data = nullptr; }, "a, b and d must not be null"},
                  {[](auto& x) { x.d.data = nullptr; }, "a, b and d must not be null"},
                  {[](auto& x) { x.a_scale.data = nullptr; }, "a_scale must not be null"},
                  {[](auto& x) { x.b_scale.data = nullptr; }, "b_scale must not be null"}});
  Stream stream = Stream::cpu(2).value();
  for (const Format format : {Format::kA8w8Prequant, Format::kA16wfp4, Format::kAfp4wfp4}) {
    SmallBatched small({3, 4, 64, 2, format});
    small.args.b_scale.data = nullptr;
    EXPECT_EQ(gemm_batched(small.args, stream).message(), "gemm_batched: b_scale must not be null");
  }
}

TEST(GemmBatchedErrors, AnUnknownVariant) {
  Stream stream = Stream::cpu(2).value();
  SmallBatched small({3, 4, 64, 2});
  Options options;
  options.variant = "x86_avx512_wide";
  EXPECT_FALSE(gemm_batched(small.args, stream, options).ok());
  EXPECT_TRUE(small.untouched());
}

}  // namespace
}  // namespace octet
