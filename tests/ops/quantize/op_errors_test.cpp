// quantize: every refusal names argument, value and limit, and writes nothing.
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "octet/quantize.h"

namespace octet {
namespace {

struct Spoiled {
  void (*spoil)(QuantizeArgs&);
  const char* message;
};

void to_mx(QuantizeArgs& args) {
  args.block = ScaleBlock::k1x32;
  args.scale_dtype = DType::kE8m0;
}

const Spoiled kSpoiled[]{
    {[](QuantizeArgs& a) { a.x.dtype = DType::kE4m3fn; },
     "quantize: x.dtype = e4m3fn, must be f32, bf16 or f16"},
    {[](QuantizeArgs& a) { a.q.dtype = DType::kBf16; },
     "quantize: q.dtype = bf16, must be e4m3fn or e4m3fnuz"},
    {[](QuantizeArgs& a) { a.q.dtype = DType::kE2m1; },
     "quantize: q.dtype = e2m1, must be e4m3fn or e4m3fnuz"},
    {[](QuantizeArgs& a) { a.scale_dtype = DType::kE8m0; },
     "quantize: scale_dtype = e8m0, must be f32 with blocks of 1x128"},
    {[](QuantizeArgs& a) { a.block = ScaleBlock::k1x32; },
     "quantize: scale_dtype = f32, must be e8m0 with blocks of 1x32"},
    {[](QuantizeArgs& a) {
       a.block = ScaleBlock::k1x32;
       a.q.dtype = DType::kE8m0;
     },
     "quantize: q.dtype = e8m0, must be e4m3fn, e4m3fnuz or e2m1"},
    {[](QuantizeArgs& a) {
       to_mx(a);
       a.x.cols = a.q.cols = 48;
     },
     "quantize: x.cols = 48, must be a multiple of 32, at least 32"},
    {[](QuantizeArgs& a) {
       to_mx(a);
       a.q.dtype = DType::kE2m1;
       a.q.row_stride = 257;
     },
     "quantize: q.row_stride = 257, must be even: e2m1 lies two codes a byte"},
    {[](QuantizeArgs& a) { a.activation = Activation::kSiluMul; },
     "quantize: q is (2, 256), must be (2, 128)"},
    {[](QuantizeArgs& a) {
       a.activation = Activation::kClampedSwiglu;
       a.x.cols = a.q.cols = 128;
     },
     "quantize: x.cols = 128, must be a multiple of 256, at least 256"},
    {[](QuantizeArgs& a) {
       a.activation = Activation::kSiluMul;
       a.block = ScaleBlock::kRow;
     },
     "quantize: blocks of a row with an activation, must be of 1x128 or 1x32"},
    {[](QuantizeArgs& a) {
       a.activation = Activation::kSiluMul;
       a.block = ScaleBlock::k128x128;
     },
     "quantize: blocks of 128x128 with an activation, must be of 1x128 or 1x32"},
    {[](QuantizeArgs& a) {
       a.block = ScaleBlock::kRow;
       a.x.cols = a.q.cols = 0;
     },
     "quantize: x.cols = 0, must be at least 1"},
    {[](QuantizeArgs& a) { a.x.rows = a.q.rows = -1; },
     "quantize: x.rows = -1, must not be negative"},
    {[](QuantizeArgs& a) { a.x.cols = a.q.cols = 0; },
     "quantize: x.cols = 0, must be a multiple of 128, at least 128"},
    {[](QuantizeArgs& a) { a.x.cols = a.q.cols = 200; },
     "quantize: x.cols = 200, must be a multiple of 128, at least 128"},
    {[](QuantizeArgs& a) { a.q.rows = 3; }, "quantize: q is (3, 256), must be (2, 256)"},
    {[](QuantizeArgs& a) { a.q.cols = 128; }, "quantize: q is (2, 128), must be (2, 256)"},
    {[](QuantizeArgs& a) { a.x.row_stride = 255; },
     "quantize: x.row_stride = 255 under 256 columns"},
    {[](QuantizeArgs& a) { a.q.row_stride = -256; },
     "quantize: q.row_stride = -256 under 256 columns"},
    {[](QuantizeArgs& a) { a.scale_row_stride = 2; },
     "quantize: scale strides are (2, 0); give both or none"},
    {[](QuantizeArgs& a) { a.scale_col_stride = 1; },
     "quantize: scale strides are (0, 1); give both or none"},
    {[](QuantizeArgs& a) { a.scale_row_stride = a.scale_col_stride = 1; },
     "quantize: scale strides are (1, 1), must keep all 2 x 2 scales apart: (1, 0) is at the "
     "address of (0, 1)"},
    {[](QuantizeArgs& a) {
       a.scale_row_stride = 1;
       a.scale_col_stride = -1;
     },
     "quantize: scale strides are (1, -1), must keep all 2 x 2 scales apart: (0, 0) is at the "
     "address of (1, 1)"},
    {[](QuantizeArgs& a) { a.x.data = nullptr; }, "quantize: x, q and scale must not be null"},
    {[](QuantizeArgs& a) { a.q.data = nullptr; }, "quantize: x, q and scale must not be null"},
    {[](QuantizeArgs& a) { a.scale = nullptr; }, "quantize: x, q and scale must not be null"},
};

TEST(QuantizeErrors, NameArgumentValueAndLimitAndNothingIsWritten) {
  Stream stream = Stream::cpu(1).value();
  for (const Spoiled& one : kSpoiled) {
    const std::vector<float> x(512, 1.0f);
    std::vector<uint8_t> q(512, 0x55);
    std::vector<float> scale(4, -1.0f);
    QuantizeArgs args{
        {x.data(), DType::kF32, 2, 256}, {q.data(), DType::kE4m3fn, 2, 256}, scale.data()};
    ASSERT_TRUE(quantize(args, stream).ok());
    std::fill(q.begin(), q.end(), uint8_t{0x55});
    std::fill(scale.begin(), scale.end(), -1.0f);
    one.spoil(args);
    const Status status = quantize(args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << one.message;
    EXPECT_EQ(status.message(), one.message);
    EXPECT_EQ(q, std::vector<uint8_t>(512, 0x55)) << one.message;
    EXPECT_EQ(scale, std::vector<float>(4, -1.0f)) << one.message;
  }
}

/// Whether no two of rows x cols scales have one offset.
bool apart(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  std::set<int64_t> offsets;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t col = 0; col < cols; ++col) offsets.insert(row * row_stride + col * col_stride);
  }
  return static_cast<int64_t>(offsets.size()) == rows * cols;
}

TEST(QuantizeErrors, ScaleStridesAreRefusedWhereTwoScalesMeetAndOnlyThere) {
  constexpr int64_t kRows = 4, kCols = 3;
  Stream stream = Stream::cpu(1).value();
  const std::vector<float> x(kRows * kCols * 128, 1.0f);
  std::vector<uint8_t> q(x.size());
  std::vector<float> scale(101);
  int refused = 0;
  for (int64_t row_stride = -9; row_stride <= 9; ++row_stride) {
    for (int64_t col_stride = -9; col_stride <= 9; ++col_stride) {
      if (row_stride == 0 || col_stride == 0) continue;
      const QuantizeArgs args{{x.data(), DType::kF32, kRows, kCols * 128},
                              {q.data(), DType::kE4m3fn, kRows, kCols * 128},
                              scale.data() + 50,
                              row_stride,
                              col_stride};
      const bool ok = quantize(args, stream).ok();
      EXPECT_EQ(ok, apart(kRows, kCols, row_stride, col_stride)) << row_stride << " " << col_stride;
      refused += !ok;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST(QuantizeErrors, ScaleStridesAtTheEndOfTheirType) {
  Stream stream = Stream::cpu(1).value();
  QuantizeArgs args{{nullptr, DType::kF32, 2, 256}, {nullptr, DType::kE4m3fn, 2, 256}};
  args.scale_row_stride = args.scale_col_stride = std::numeric_limits<int64_t>::min();
  EXPECT_NE(quantize(args, stream).message().find("must keep all 2 x 2 scales apart"),
            std::string::npos);
}

}  // namespace
}  // namespace octet
