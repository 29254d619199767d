// quantize where rows and scales lie apart.
#include <gtest/gtest.h>

#include "octet/quantize.h"

namespace octet {
namespace {

TEST(QuantizeStrides, OfXQAndScales) {
  constexpr int64_t kRows = 3, kXStride = 300, kQStride = 290;
  std::vector<float> x(kRows * kXStride, 1e30f);  // what lies between the rows must not count
  std::vector<uint8_t> q(kRows * kQStride, 0x55);
  std::vector<float> scale(64, -1.0f);
  for (int64_t row = 0; row < kRows; ++row) {
    for (int64_t col = 0; col < 256; ++col) {
      x[static_cast<size_t>(row * kXStride + col)] = col % 128 == 0 ? 448.0f * (row + 1) : 0.0f;
    }
  }
  const QuantizeArgs args{{x.data(), DType::kF32, kRows, 256, kXStride},
                          {q.data(), DType::kE4m3fn, kRows, 256, kQStride},
                          scale.data(),
                          1,
                          10};  // column-major scales with a gap
  Stream stream = Stream::cpu(2).value();
  const Status status = quantize(args, stream);
  ASSERT_TRUE(status.ok()) << status.message();
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_EQ(scale[static_cast<size_t>(row)], static_cast<float>(row + 1));
    EXPECT_EQ(scale[static_cast<size_t>(10 + row)], static_cast<float>(row + 1));
    EXPECT_EQ(q[static_cast<size_t>(row * kQStride)], 0x7e);
    EXPECT_EQ(q[static_cast<size_t>(row * kQStride + 1)], 0x00);
    EXPECT_EQ(q[static_cast<size_t>(row * kQStride + 256)], 0x55) << "between the rows";
  }
  EXPECT_EQ(scale[3], -1.0f);
  EXPECT_EQ(scale[9], -1.0f);
}

}  // namespace
}  // namespace octet
