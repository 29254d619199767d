// What gfx942 makes of OCP codes before its matrix instructions and conversions: all 256 of them.
#include <gtest/gtest.h>

#include <cmath>

#include "src/core/formats.h"
#include "src/gpu/hip/ocp_fp8.h"

namespace octet {
namespace {

static_assert(!gpu::hip::kGfx950, "this test is built as for gfx942");

TEST(OcpFp8, EveryCodeIsHalfItsValueInE4m3fnuz) {
  for (uint32_t code = 0; code < 256; ++code) {
    for (uint32_t place = 0; place < 4; ++place) {
      const uint32_t others = 0x7e81ff80u;  // of the three other bytes
      const uint32_t shift = 8 * place, mask = 255u << shift;
      const uint32_t word = gpu::hip::device_fp8((others & ~mask) | code << shift);
      const float value = decode(kE4m3fnFormat, code);
      const float own = decode(kE4m3fnuzFormat, word >> shift & 255);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(own)) << code;
      } else {
        EXPECT_EQ(2 * own, value) << code << " in byte " << place;
      }
      EXPECT_EQ(word & ~mask, 0x7e818000u & ~mask) << "bytes beside it, with " << code;
    }
  }
}

TEST(OcpFp8, AProductIsAQuarter) { EXPECT_EQ(gpu::hip::kOcpProductShift, 2) << "of two halves"; }

}  // namespace
}  // namespace octet
