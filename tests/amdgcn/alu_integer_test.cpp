// Vector integer instructions against results worked out by hand from the CDNA 3 ISA reference.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

/// v[0:1], v[2:3] and v[4:5] are the sources, v[6:7] the result; v7 begins as 0.
struct Case {
  const char* text;
  uint64_t a, b, c, result;
};

void check(const Case& c) {
  InstructionBench bench(true);
  bench.set_v64(0, c.a), bench.set_v64(2, c.b), bench.set_v64(4, c.c), bench.set_v64(6, 0);
  bench.run(c.text);
  for (const int lane : {0, 33, 63}) {
    EXPECT_EQ(bench.v64(6, lane), c.result) << c.text << " of " << c.a << " " << c.b << " " << c.c;
  }
}

TEST(AluInteger, OneAndTwoSources) {
  for (const Case& c : std::initializer_list<Case>{
           {"v_mov_b32_e32 v6, v0", 5, 0, 0, 5},
           {"v_mov_b64_e32 v[6:7], v[0:1]", 0x500000006, 0, 0, 0x500000006},
           {"v_not_b32_e32 v6, v0", 5, 0, 0, 0xfffffffa},
           {"v_bfrev_b32_e32 v6, v0", 3, 0, 0, 0xc0000000},
           {"v_ffbl_b32_e32 v6, v0", 0x50, 0, 0, 4},
           {"v_ffbh_u32_e32 v6, v0", 0x00010000, 0, 0, 15},
           {"v_ffbh_i32_e32 v6, v0", 0xffff0000, 0, 0, 16},
           {"v_add_u32_e32 v6, v0, v2", 0xffffffff, 3, 0, 2},
           {"v_add_u32_e64 v6, v0, v2 clamp", 0xffffffff, 3, 0, 0xffffffff},
           {"v_sub_u32_e64 v6, v0, v2 clamp", 2, 3, 0, 0},
           {"v_sub_i32 v6, v0, v2 clamp", 0x80000000, 1, 0, 0x80000000},
           {"v_subrev_u32_e32 v6, v0, v2", 2, 9, 0, 7},
           {"v_and_b32_e32 v6, 12, v0", 10, 0, 0, 8},
           {"v_xnor_b32_e32 v6, v0, v2", 10, 10, 0, 0xffffffff},
           {"v_lshlrev_b32_e32 v6, v0, v2", 36, 1, 0, 16},
           {"v_lshrrev_b32_e32 v6, v0, v2", 4, 0x80000000, 0, 0x08000000},
           {"v_ashrrev_i32_e32 v6, v0, v2", 4, 0x80000000, 0, 0xf8000000},
           {"v_mul_lo_u32 v6, v0, v2", 0x10001, 0x10001, 0, 0x20001},
           {"v_mul_hi_u32 v6, v0, v2", 0xffffffff, 0xffffffff, 0, 0xfffffffe},
           {"v_mul_hi_i32 v6, v0, v2", 0xffffffff, 2, 0, 0xffffffff},
           {"v_mul_u32_u24_e32 v6, v0, v2", 0xff000003, 5, 0, 15},
           {"v_mul_i32_i24_e32 v6, v0, v2", 0x00ffffff, 5, 0, 0xfffffffb},
           {"v_mul_hi_u32_u24_e32 v6, v0, v2", 0xffffff, 0xffffff, 0, 0xffff},
           {"v_min_i32_e32 v6, v0, v2", 0xffffffff, 1, 0, 0xffffffff},
           {"v_max_u32_e32 v6, v0, v2", 0xffffffff, 1, 0, 0xffffffff},
           {"v_bcnt_u32_b32 v6, v0, v2", 0xff, 100, 0, 108},
           {"v_bfm_b32 v6, v0, v2", 3, 4, 0, 0x70},
           {"v_add_u16_e32 v6, v0, v2", 0xfffff, 2, 0, 1},
           {"v_add_u16_e64 v6, v0, v2 clamp", 0xffff, 2, 0, 0xffff},
           {"v_mul_lo_u16_e32 v6, v0, v2", 0x101, 0x101, 0, 0x201},
           {"v_lshrrev_b16_e32 v6, v0, v2", 4, 0xffff8000, 0, 0x800},
           {"v_ashrrev_i16_e32 v6, v0, v2", 4, 0x8000, 0, 0xf800},
           {"v_max_i16_e32 v6, v0, v2", 0x8000, 1, 0, 1}}) {
    check(c);
  }
}

TEST(AluInteger, ThreeSources) {
  for (const Case& c : std::initializer_list<Case>{
           {"v_add3_u32 v6, v0, v2, v4", 1, 2, 3, 6},
           {"v_add_lshl_u32 v6, v0, v2, v4", 1, 2, 3, 24},
           {"v_lshl_add_u32 v6, v0, v2, v4", 1, 2, 3, 7},
           {"v_lshl_or_b32 v6, v0, v2, v4", 1, 4, 3, 19},
           {"v_and_or_b32 v6, v0, v2, v4", 6, 3, 8, 10},
           {"v_or3_b32 v6, v0, v2, v4", 1, 2, 4, 7},
           {"v_xad_u32 v6, v0, v2, v4", 5, 1, 10, 14},
           {"v_bfe_u32 v6, v0, v2, v4", 0xabcd, 4, 8, 0xbc},
           {"v_bfe_u32 v6, v0, v2, v4", 0xabcd, 4, 0, 0},
           {"v_bfe_i32 v6, v0, v2, v4", 0x800, 8, 4, 0xfffffff8},
           {"v_bfi_b32 v6, v0, v2, v4", 0xf0, 0xaa, 0x55, 0xa5},
           {"v_mad_u32_u24 v6, v0, v2, v4", 0x1000003, 5, 7, 22},
           {"v_alignbit_b32 v6, v0, v2, v4", 0x1, 0x80000000, 31, 3},
           {"v_alignbyte_b32 v6, v0, v2, v4", 0x44332211, 0x88776655, 3, 0x33221188},
           {"v_perm_b32 v6, v0, v2, v4", 0x77665544, 0x33221100, 0x07060100, 0x77661100},
           {"v_perm_b32 v6, v0, v2, v4", 0x77665544, 0x33229900, 0x0c0d080a, 0x00ffff00},
           {"v_bitop3_b32 v6, v0, v2, v4 bitop3:0x96", 1, 3, 7, 5},
           {"v_bitop3_b32 v6, v0, v2, v4 bitop3:0xca", 0xf0, 0xaa, 0x55, 0xa5},
           {"v_bitop3_b16 v6, v0, v2, v4 bitop3:0xfe", 0x10001, 2, 4, 7},
           {"v_min3_i32 v6, v0, v2, v4", 3, 0xffffffff, 2, 0xffffffff},
           {"v_max3_u32 v6, v0, v2, v4", 3, 0xffffffff, 2, 0xffffffff},
           {"v_med3_i32 v6, v0, v2, v4", 3, 0xffffffff, 2, 2},
           {"v_med3_u32 v6, v0, v2, v4", 3, 0xffffffff, 2, 3},
           {"v_dot4_i32_i8 v6, v0, v2, v4", 0xff020304, 0x01010101, 10, 18},
           {"v_dot4_u32_u8 v6, v0, v2, v4", 0xff020304, 0x01010101, 10, 274},
           {"v_dot2_i32_i16 v6, v0, v2, v4", 0xffff0002, 0x00030004, 10, 15},
           {"v_dot8_i32_i4 v6, v0, v2, v4", 0x0000002f, 0x00000031, 1, 6},
           {"v_sad_u32 v6, v0, v2, v4", 3, 10, 100, 107},
           {"v_ashr_pk_u8_i32 v6, v0, v2, v4", 0x3000, 0xffffffff, 4, 0x00ff},
           {"v_ashr_pk_i8_i32 v6, v0, v2, v4", 0x3000, 0xfffff000, 4, 0x807f}}) {
    check(c);
  }
}

TEST(AluInteger, SixtyFourBits) {
  for (const Case& c : std::initializer_list<Case>{
           {"v_lshl_add_u64 v[6:7], v[0:1], 3, v[4:5]", uint64_t{1} << 31, 0, 5,
            (uint64_t{1} << 34) + 5},
           {"v_lshlrev_b64 v[6:7], v0, v[2:3]", 33, 3, 0, uint64_t{3} << 33},
           {"v_lshrrev_b64 v[6:7], 4, v[2:3]", 0, uint64_t{1} << 63, 0, uint64_t{1} << 59},
           {"v_ashrrev_i64 v[6:7], 63, v[2:3]", 0, uint64_t{1} << 63, 0, ~uint64_t{0}},
           {"v_pk_mov_b32 v[6:7], v[0:1], v[2:3] op_sel:[1,0]", 0x100000002, 0x300000004, 0,
            0x400000001},
           {"v_pk_mov_b32 v[6:7], v[0:1], v[2:3] op_sel:[0,1]", 0x100000002, 0x300000004, 0,
            0x300000002},
           {"v_mad_u64_u32 v[6:7], s[0:1], v0, v2, v[4:5]", 0xffffffff, 0xffffffff, 1,
            0xfffffffe00000002},
           {"v_mad_u64_u32 v[6:7], s[0:1], v0, v2, 0", 0xffffffff, 2, 1, 0x1fffffffe},
           {"v_mad_i64_i32 v[6:7], s[0:1], v0, v2, v[4:5]", 0xffffffff, 7, 2,
            0xfffffffffffffffb}}) {
    check(c);
  }
}

TEST(AluInteger, Carries) {
  InstructionBench bench;
  bench.set_v(0, [](uint32_t l) { return l < 32 ? 0xffffffffu : 5; }), bench.set_v(1, 1);
  bench.run("v_add_co_u32_e32 v2, vcc, v0, v1");
  EXPECT_EQ(bench.wave().vcc(), 0xffffffffu);
  EXPECT_EQ(bench.v(2, 0), 0u);
  bench.run("v_addc_co_u32_e32 v3, vcc, v1, v1, vcc");
  EXPECT_EQ(bench.v(3, 31), 3u);
  EXPECT_EQ(bench.v(3, 32), 2u);
  EXPECT_EQ(bench.wave().vcc(), 0u);
  bench.run("v_sub_co_u32_e64 v2, s[0:1], v1, v0");
  EXPECT_EQ(bench.s64(0), ~uint64_t{0});
  bench.run("v_subb_co_u32_e64 v2, s[2:3], v0, v1, s[0:1]");
  EXPECT_EQ(bench.v(2, 40), 3u);
  EXPECT_EQ(bench.s64(2), 0u);
}

TEST(AluInteger, InactiveLanesKeepTheirValues) {
  InstructionBench bench;
  bench.set_v(0, 7), bench.set_v(1, 1), bench.set_exec(0xf0);
  bench.run("v_add_u32_e32 v1, v0, v0");
  EXPECT_EQ(bench.v(1, 3), 1u);
  EXPECT_EQ(bench.v(1, 4), 14u);
  EXPECT_EQ(bench.v(1, 8), 1u);
}

TEST(AluInteger, SelectsByMask) {
  InstructionBench bench;
  bench.set_v(0, 1), bench.set_v(1, std::bit_cast<uint32_t>(2.0f)), bench.set_s64(kVcc, 2);
  bench.run("v_cndmask_b32_e32 v2, v0, v1, vcc\nv_cndmask_b32_e64 v3, 0, -v1, vcc");
  EXPECT_EQ(bench.v(2, 0), 1u);
  EXPECT_EQ(bench.v(2, 1), std::bit_cast<uint32_t>(2.0f));
  EXPECT_EQ(bench.v(3, 1), std::bit_cast<uint32_t>(-2.0f));
  // An undefined value that no lane takes is harmless; one that is taken stays undefined.
  bench.set_s64(0, 0);
  bench.run("v_cndmask_b32_e64 v4, v0, v200, s[0:1]");
  EXPECT_EQ(bench.wave().undefined[4], 0u);
  bench.run("v_cndmask_b32_e32 v4, v0, v200, vcc");
  EXPECT_EQ(bench.wave().undefined[4], 2u);
}

TEST(AluInteger, SdwaSelectsParts) {
  InstructionBench bench;
  bench.set_v(0, 0x11228344), bench.set_v(1, 1), bench.set_v(2, 0xaaaaaaaa);
  bench.run(
      "v_add_u32_sdwa v3, v0, v1 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:WORD_1 "
      "src1_sel:DWORD");
  EXPECT_EQ(bench.v(3), 0x1123u);
  bench.run(
      "v_add_u32_sdwa v3, sext(v0), v1 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_1 "
      "src1_sel:DWORD");
  EXPECT_EQ(bench.v(3), 0xffffff84u);
  bench.run(
      "v_or_b32_sdwa v2, v0, v1 dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_3 "
      "src1_sel:DWORD");
  EXPECT_EQ(bench.v(2), 0x0011aaaau);
  bench.run("v_mov_b32_sdwa v4, v0 dst_sel:BYTE_1 dst_unused:UNUSED_PAD src0_sel:BYTE_0");
  EXPECT_EQ(bench.v(4), 0x4400u);
}

}  // namespace
}  // namespace octet::amdgcn
