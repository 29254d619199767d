// quantize: every refusal names argument, value and limit, and writes nothing.
#include <gtest/gtest.h>

#include <vector>

#include "octet/quantize.h"

namespace octet {
namespace {

TEST(QuantizeErrors, NameArgumentValueAndLimitAndNothingIsWritten) {
  struct Case {
    void (*spoil)(QuantizeArgs&);
    const char* message;
  };
  const Case cases[]{
      {[](QuantizeArgs& a) { a.x.dtype = DType::kE4m3fn; },
       "quantize: x.dtype = e4m3fn, must be f32, bf16 or f16"},
      {[](QuantizeArgs& a) { a.q.dtype = DType::kBf16; },
       "quantize: q.dtype = bf16, must be e4m3fn or e4m3fnuz"},
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
      {[](QuantizeArgs& a) { a.x.data = nullptr; }, "quantize: x, q and scale must not be null"},
      {[](QuantizeArgs& a) { a.q.data = nullptr; }, "quantize: x, q and scale must not be null"},
      {[](QuantizeArgs& a) { a.scale = nullptr; }, "quantize: x, q and scale must not be null"},
  };
  Stream stream = Stream::cpu(1).value();
  for (const Case& one : cases) {
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

}  // namespace
}  // namespace octet
