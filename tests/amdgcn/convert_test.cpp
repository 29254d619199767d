// Conversions: FP8 by the formats' own table of every code, the others by hand.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "src/core/formats.h"
#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }
void expect_same(uint32_t found, float expected, uint32_t code) {
  const float value = std::bit_cast<float>(found);
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(value)) << code;
  } else {
    EXPECT_EQ(found, bits(expected)) << code;
  }
}

TEST(Convert, EveryCodeOfFp8Decodes) {
  for (const bool gfx950 : {false, true}) {
    const Minifloat& format = gfx950 ? kE4m3fnFormat : kE4m3fnuzFormat;
    for (uint32_t code = 0; code < 256; code += 64) {
      InstructionBench bench(gfx950);
      bench.set_v(0, [code](uint32_t l) { return (code + l) << 16 | 0xff0000ffu; });
      bench.run(
          "v_cvt_f32_fp8_sdwa v1, v0 src0_sel:BYTE_2\nv_cvt_pk_f32_fp8_sdwa v[2:3], v0 "
          "src0_sel:WORD_1");
      for (int l = 0; l < kLanes; ++l) {
        const uint32_t at = code + static_cast<uint32_t>(l);
        expect_same(bench.v(1, l), decode(format, at), at);
        expect_same(bench.v(2, l), decode(format, at), at);
        expect_same(bench.v(3, l), decode(format, 0xff), at);
      }
    }
  }
}

TEST(Convert, Fp8IsRoundedToNearestEven) {
  const float values[] = {0, -0.0f, 1, 1.0625f, 1.1875f, 17.5f, 0x1p-9f, 0x1.8p-10f, 100, -3.3f};
  for (const bool gfx950 : {false, true}) {
    const Minifloat& format = gfx950 ? kE4m3fnFormat : kE4m3fnuzFormat;
    for (const float value : values) {
      InstructionBench bench(gfx950);
      bench.set_v(0, bits(value)), bench.set_v(1, bits(1)), bench.set_v(2, 0xabcd1234);
      bench.run("v_cvt_pk_fp8_f32 v2, v0, v1 op_sel:[0,0,1]");
      EXPECT_EQ(bench.v(2) >> 16, encode(format, value) | encode(format, 1) << 8) << value;
      EXPECT_EQ(bench.v(2) & 0xffff, 0x1234u);
      bench.run("v_cvt_pk_fp8_f32 v2, -v0, |v1|");
      EXPECT_EQ(bench.v(2) & 0xff, encode(format, -value)) << value;
    }
    InstructionBench bench(gfx950);
    bench.set_v(0, bits(1e6f)), bench.set_v(2, 0);
    bench.run("v_cvt_pk_fp8_f32 v2, v0, v0");
    EXPECT_TRUE(std::isnan(decode(format, bench.v(2) & 0xff)));  // kernels clamp first
  }
}

TEST(Convert, Bf8OfGfx942HasBias16) {
  InstructionBench bench;
  bench.set_v(0, 0x40), bench.set_v(1, 0x80);
  bench.run("v_cvt_f32_bf8_e32 v2, v0\nv_cvt_f32_bf8_e32 v3, v1");
  EXPECT_EQ(std::bit_cast<float>(bench.v(2)), 1);
  EXPECT_TRUE(std::isnan(std::bit_cast<float>(bench.v(3))));
}

TEST(Convert, ScaledByAPowerOfTwo) {
  InstructionBench bench(true);
  bench.set_v(0, 0x40383c2a), bench.set_v(1, bits(8.0f));  // fp8 1.25 (0x2a is 0.3125), 1.5, 1, 2
  bench.run("v_cvt_scalef32_pk_f32_fp8 v[2:3], v0, v1 op_sel:[1,0,0]");
  EXPECT_EQ(std::bit_cast<float>(bench.v(2)), 8);
  EXPECT_EQ(std::bit_cast<float>(bench.v(3)), 16);
  bench.set_v(1, bits(0.5f * 1.75f));  // the mantissa of the scale does not count
  bench.run("v_cvt_scalef32_pk_bf16_fp8 v2, v0, v1");
  EXPECT_EQ(bench.v(2), 0x3f403e20u);                   // 0.75, 0.15625
  bench.set_v(4, 0x00007200), bench.set_v(5, bits(2));  // fp4 1 (2) and 6 (7) in byte 1
  bench.run("v_cvt_scalef32_pk_f32_fp4 v[2:3], v4, v5 op_sel:[1,0,0]");
  EXPECT_EQ(std::bit_cast<float>(bench.v(2)), 2);
  EXPECT_EQ(std::bit_cast<float>(bench.v(3)), 12);
  bench.set_v(6, bits(3)), bench.set_v(7, bits(-16)), bench.set_v(8, 0xffffffff);
  bench.run("v_cvt_scalef32_pk_fp4_f32 v8, v6, v7, v5 op_sel:[0,0,0,1]");
  EXPECT_EQ(bench.v(8), 0xfff3ffffu);  // 1.5, -8 saturates to -6, in byte 2
  bench.run("v_cvt_scalef32_pk_fp8_f32 v8, v6, v7, v5 op_sel:[0,0,0,1]");
  EXPECT_EQ(bench.v(8), 0xd03cffffu);
  bench.set_v(7, bits(1e4f));
  EXPECT_ERROR(bench.run("v_cvt_scalef32_pk_fp8_f32 v8, v6, v7, v5"), "beyond the largest FP8");
}

TEST(Convert, IntegersSaturate) {
  struct {
    const char* text;
    float value;
    uint32_t expected;
  } const cases[] = {{"v_cvt_u32_f32_e32 v1, v0", -1, 0},
                     {"v_cvt_u32_f32_e32 v1, v0", 1e20f, 0xffffffff},
                     {"v_cvt_u32_f32_e32 v1, v0", 3.9f, 3},
                     {"v_cvt_i32_f32_e32 v1, v0", -3.9f, 0xfffffffd},
                     {"v_cvt_i32_f32_e32 v1, v0", -1e20f, 0x80000000},
                     {"v_cvt_i32_f32_e32 v1, v0", std::nanf(""), 0},
                     {"v_cvt_flr_i32_f32_e32 v1, v0", -1.5f, 0xfffffffe},
                     {"v_cvt_rpi_i32_f32_e32 v1, v0", 2.5f, 3}};
  for (const auto& c : cases) {
    InstructionBench bench;
    bench.set_v(0, bits(c.value));
    bench.run(c.text);
    EXPECT_EQ(bench.v(1), c.expected) << c.text << " of " << c.value;
  }
}

TEST(Convert, OtherFormats) {
  InstructionBench bench(true);
  bench.set_v(0, 0x04030201), bench.set_v(1, bits(1.00390625f)), bench.set_v(2, bits(-2.5f));
  bench.run("v_cvt_f32_ubyte2_e32 v3, v0\nv_cvt_f32_i32_e32 v4, -1\nv_cvt_f32_u32_e32 v5, v0");
  EXPECT_EQ(std::bit_cast<float>(bench.v(3)), 3);
  EXPECT_EQ(std::bit_cast<float>(bench.v(4)), -1);
  EXPECT_EQ(std::bit_cast<float>(bench.v(5)), 67305984);  // to nearest even
  bench.run("v_cvt_pk_bf16_f32 v3, v1, v2\nv_cvt_f16_f32_e32 v4, v2\nv_cvt_f32_f16_e32 v5, v4");
  EXPECT_EQ(bench.v(3), 0xc0203f80u);  // a tie goes to the even 1
  EXPECT_EQ(bench.v(4), 0xc100u);
  EXPECT_EQ(std::bit_cast<float>(bench.v(5)), -2.5f);
  bench.run("v_cvt_f32_bf16_sdwa v5, v3 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:WORD_1");
  EXPECT_EQ(std::bit_cast<float>(bench.v(5)), -2.5f);
  bench.set_v(1, bits(0x1.ffcp0f + 0x1p-12f));
  bench.run("v_cvt_pkrtz_f16_f32 v3, v1, v2");
  EXPECT_EQ(bench.v(3), 0xc1003fffu);
  bench.run("v_cvt_pk_u16_u32 v3, v0, 7\nv_cvt_pk_i16_i32 v4, v0, -7\nv_pack_b32_f16 v5, v3, v4");
  EXPECT_EQ(bench.v(3), 0x0007ffffu);
  EXPECT_EQ(bench.v(4), 0xfff97fffu);
  EXPECT_EQ(bench.v(5), 0x7fffffffu);
  bench.run(
      "v_cvt_f64_f32_e32 v[6:7], v2\nv_cvt_f32_f64_e32 v8, -v[6:7]\nv_cvt_i32_f64_e32 v9, v[6:7]");
  EXPECT_EQ(std::bit_cast<double>(bench.v64(6)), -2.5);
  EXPECT_EQ(std::bit_cast<float>(bench.v(8)), 2.5f);
  EXPECT_EQ(bench.v(9), 0xfffffffeu);
}

}  // namespace
}  // namespace octet::amdgcn
