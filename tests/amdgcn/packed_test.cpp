// Pairs in one instruction, mixed precision and dot products, by hand.
#include <gtest/gtest.h>

#include <bit>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

TEST(Packed, PairsOfFloats) {
  InstructionBench bench;
  bench.set_v(0, bits(2)), bench.set_v(1, bits(3)), bench.set_v(2, bits(10)),
      bench.set_v(3, bits(20));
  bench.set_s(0, bits(100)), bench.set_s(1, bits(200));
  const auto pair = [&](const char* text) {
    bench.run(text);
    return std::pair(std::bit_cast<float>(bench.v(6, 9)), std::bit_cast<float>(bench.v(7, 9)));
  };
  using P = std::pair<float, float>;
  EXPECT_EQ(pair("v_pk_add_f32 v[6:7], v[0:1], v[2:3]"), P(12, 23));
  EXPECT_EQ(pair("v_pk_mul_f32 v[6:7], v[0:1], v[2:3] op_sel_hi:[1,0]"), P(20, 30));
  EXPECT_EQ(pair("v_pk_mul_f32 v[6:7], v[0:1], v[2:3] op_sel:[1,0] op_sel_hi:[0,1]"), P(30, 40));
  EXPECT_EQ(pair("v_pk_mul_f32 v[6:7], v[0:1], s[0:1]"), P(200, 600));
  EXPECT_EQ(pair("v_pk_mul_f32 v[6:7], v[0:1], 0.5 op_sel_hi:[1,0]"), P(1, 1.5f));
  EXPECT_EQ(pair("v_pk_fma_f32 v[6:7], v[0:1], v[2:3], v[0:1] neg_lo:[0,0,1] neg_hi:[1,0,0]"),
            P(18, -57));
  EXPECT_EQ(pair("v_pk_mov_b32 v[6:7], v[0:1], v[2:3] op_sel:[1,0]"), P(3, 10));
  EXPECT_EQ(pair("v_pk_mov_b32 v[6:7], v[0:1], v[2:3] op_sel:[0,1]"), P(2, 20));
}

TEST(Packed, Halves) {
  InstructionBench bench;
  bench.set_v(0, 0x40003c00), bench.set_v(1, 0x44004200);  // (1, 2), (3, 4): low first
  const auto word = [&](const char* text) {
    bench.run(text);
    return bench.v(6, 63);
  };
  EXPECT_EQ(word("v_pk_add_f16 v6, v0, v1"), 0x46004400u);
  EXPECT_EQ(word("v_pk_mul_f16 v6, v0, v1 op_sel:[0,1] op_sel_hi:[1,0]"), 0x46004400u);  // 1*4, 2*3
  EXPECT_EQ(word("v_pk_fma_f16 v6, v0, v1, 1.0 op_sel_hi:[1,1,0] neg_lo:[0,1,0]"), 0x4880c000u);
  EXPECT_EQ(word("v_pk_max_f16 v6, v0, v1 op_sel_hi:[1,0]"), 0x42004200u);
  bench.set_v(2, 0x0003ffff), bench.set_v(3, 0x00020001);
  EXPECT_EQ(word("v_pk_add_u16 v6, v2, v3"), 0x00050000u);
  EXPECT_EQ(word("v_pk_sub_i16 v6, v2, v3"), 0x0001fffeu);
  EXPECT_EQ(word("v_pk_mul_lo_u16 v6, v2, v3"), 0x0006ffffu);
  EXPECT_EQ(word("v_pk_mad_u16 v6, v2, v3, v3"), 0x00080000u);
  EXPECT_EQ(word("v_pk_max_i16 v6, v2, v3"), 0x00030001u);
  EXPECT_EQ(word("v_pk_min_u16 v6, v2, v3"), 0x00020001u);
  EXPECT_EQ(word("v_pk_lshlrev_b16 v6, 4, v2 op_sel_hi:[0,1]"), 0x0030fff0u);
  EXPECT_EQ(word("v_pk_ashrrev_i16 v6, 8, v2 op_sel_hi:[0,1]"), 0x0000ffffu);
}

TEST(Packed, MixedPrecisionAndDotProducts) {
  InstructionBench bench(true);
  bench.set_v(0, 0x40003c00), bench.set_v(1, bits(10)), bench.set_v(2, 0x44004200);
  bench.set_v(3, 0x7777ffff), bench.set_v(4, 0x40004080);  // bf16 4, 2
  bench.run("v_fma_mix_f32 v6, v0, v1, v2 op_sel:[1,0,0] op_sel_hi:[1,0,1]");
  EXPECT_EQ(std::bit_cast<float>(bench.v(6)), 23);  // 2 * 10 + 3
  bench.run("v_fma_mix_f32 v6, -v0, |v1|, v1 op_sel_hi:[1,0,0]");
  EXPECT_EQ(std::bit_cast<float>(bench.v(6)), 0);
  bench.run("v_fma_mixlo_f16 v3, v1, v1, v1");
  EXPECT_EQ(bench.v(3), 0x777756e0u);  // 110
  bench.run("v_fma_mixhi_f16 v3, v1, v1, v1");
  EXPECT_EQ(bench.v(3), 0x56e056e0u);
  bench.run("v_dot2_f32_f16 v6, v0, v2, v1");
  EXPECT_EQ(std::bit_cast<float>(bench.v(6)), 21);  // 3 + 8 + 10
  bench.run("v_dot2_f32_bf16 v6, v4, v4, v1");
  EXPECT_EQ(std::bit_cast<float>(bench.v(6)), 30);
  bench.run("v_dot2c_f32_f16_e32 v6, v0, v0");
  EXPECT_EQ(std::bit_cast<float>(bench.v(6)), 35);
}

}  // namespace
}  // namespace octet::amdgcn
