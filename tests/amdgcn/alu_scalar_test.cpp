// Scalar instructions against results worked out by hand from the CDNA 3 ISA reference.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

/// s[0:1] and s[2:3] are the sources, s[4:5] the result; -1 in scc: not looked at.
struct Case {
  const char* text;
  uint64_t a, b, result;
  int scc = -1;
};

void check(const Case& c, bool scc_before = false) {
  InstructionBench bench;
  bench.set_s64(0, c.a), bench.set_s64(2, c.b), bench.set_s64(4, 0), bench.set_scc(scc_before);
  bench.run(c.text);
  EXPECT_EQ(bench.s64(4), c.result) << c.text << " of " << c.a << " " << c.b;
  if (c.scc >= 0) {
    EXPECT_EQ(bench.scc(), c.scc == 1) << c.text << " of " << c.a << " " << c.b;
  }
}

TEST(AluScalar, AddsAndSubtracts) {
  for (const Case& c :
       std::initializer_list<Case>{{"s_add_u32 s4, s0, s2", 0xffffffff, 2, 1, 1},
                                   {"s_add_u32 s4, s0, 5", 7, 0, 12, 0},
                                   {"s_sub_u32 s4, s0, s2", 3, 5, 0xfffffffe, 1},
                                   {"s_sub_u32 s4, s0, s2", 5, 5, 0, 0},
                                   {"s_add_i32 s4, s0, s2", 0x7fffffff, 1, 0x80000000, 1},
                                   {"s_add_i32 s4, s0, s2", 0xffffffff, 1, 0, 0},
                                   {"s_sub_i32 s4, s0, s2", 0x80000000, 1, 0x7fffffff, 1},
                                   {"s_lshl1_add_u32 s4, s0, s2", 0x80000000, 3, 3, 1},
                                   {"s_lshl2_add_u32 s4, s0, s2", 5, 3, 23, 0},
                                   {"s_lshl4_add_u32 s4, s0, s2", 5, 3, 83, 0},
                                   {"s_mul_i32 s4, s0, s2", 0x10001, 0x10001, 0x20001},
                                   {"s_mul_hi_u32 s4, s0, s2", 0xffffffff, 0xffffffff, 0xfffffffe},
                                   {"s_mul_hi_i32 s4, s0, s2", 0xffffffff, 0x7fffffff, 0xffffffff},
                                   {"s_abs_i32 s4, s0", 0xfffffff9, 0, 7, 1},
                                   {"s_absdiff_i32 s4, s0, s2", 3, 10, 7, 1},
                                   {"s_min_i32 s4, s0, s2", 0xffffffff, 3, 0xffffffff, 1},
                                   {"s_max_i32 s4, s0, s2", 0xffffffff, 3, 3, 0},
                                   {"s_min_u32 s4, s0, s2", 0xffffffff, 3, 3, 0},
                                   {"s_max_u32 s4, s0, s2", 0xffffffff, 3, 0xffffffff, 1}}) {
    check(c);
  }
  check({"s_addc_u32 s4, s0, s2", 0xffffffff, 0, 0, 1}, true);
  check({"s_addc_u32 s4, s0, lit(0xffffffff)", 0, 0, 0, 1}, true);
  check({"s_addc_u32 s4, s0, s2", 1, 2, 3, 0}, false);
  check({"s_subb_u32 s4, s0, s2", 0, 0, 0xffffffff, 1}, true);
  check({"s_subb_u32 s4, s0, s2", 0, 0xffffffff, 0, 1}, true);
}

TEST(AluScalar, ShiftsAndLogic) {
  for (const Case& c : std::initializer_list<Case>{
           {"s_lshl_b32 s4, s0, s2", 3, 33, 6, 1},
           {"s_lshr_b32 s4, s0, s2", 0x80000000, 31, 1, 1},
           {"s_ashr_i32 s4, s0, s2", 0x80000000, 31, 0xffffffff, 1},
           {"s_lshl_b64 s[4:5], s[0:1], s2", 1, 40, uint64_t{1} << 40, 1},
           {"s_lshr_b64 s[4:5], s[0:1], s2", uint64_t{1} << 63, 62, 2, 1},
           {"s_ashr_i64 s[4:5], s[0:1], s2", uint64_t{1} << 63, 63, ~uint64_t{0}, 1},
           {"s_and_b32 s4, s0, s2", 12, 10, 8, 1},
           {"s_and_b64 s[4:5], s[0:1], s[2:3]", 0xf00000000, 0x300000001, 0x300000000, 1},
           {"s_andn2_b64 s[4:5], s[0:1], s[2:3]", 15, 5, 10, 1},
           {"s_or_b32 s4, s0, s2", 12, 10, 14, 1},
           {"s_xor_b64 s[4:5], s[0:1], s[2:3]", 7, 7, 0, 0},
           {"s_orn2_b64 s[4:5], s[0:1], s[2:3]", 1, ~uint64_t{4}, 5, 1},
           {"s_nand_b32 s4, s0, s2", 12, 10, 0xfffffff7, 1},
           {"s_nor_b64 s[4:5], s[0:1], s[2:3]", 1, 2, ~uint64_t{3}, 1},
           {"s_xnor_b32 s4, s0, s2", 5, 5, 0xffffffff, 1},
           {"s_not_b64 s[4:5], s[0:1]", 1, 0, ~uint64_t{1}, 1},
           {"s_bfe_u32 s4, s0, 0x80004", 0xabcd, 0, 0xbc, 1},
           {"s_bfe_i32 s4, s0, 0x40008", 0x0800, 0, 0xfffffff8, 1},
           {"s_bfe_u64 s[4:5], s[0:1], 0x80020", uint64_t{0x1ab} << 32, 0, 0xab, 1},
           {"s_bfe_i64 s[4:5], s[0:1], 0x200000", 0x80000000, 0, 0xffffffff80000000, 1},
           {"s_bfm_b32 s4, s0, s2", 4, 8, 0xf00},
           {"s_brev_b32 s4, s0", 1, 0, 0x80000000},
           {"s_pack_ll_b32_b16 s4, s0, s2", 0x11112222, 0x33334444, 0x44442222},
           {"s_pack_lh_b32_b16 s4, s0, s2", 0x11112222, 0x33334444, 0x33332222},
           {"s_pack_hh_b32_b16 s4, s0, s2", 0x11112222, 0x33334444, 0x33331111},
           {"s_sext_i32_i8 s4, s0", 0x80, 0, 0xffffff80},
           {"s_sext_i32_i16 s4, s0", 0x18000, 0, 0xffff8000},
           {"s_movk_i32 s4, 0x8000", 0, 0, 0xffff8000},
           {"s_mov_b64 s[4:5], 1.0", 0, 0, 0x3ff0000000000000},
           {"s_mov_b32 s4, -4.0", 0, 0, 0xc0800000},
           {"s_mov_b64 s[4:5], -1", 0, 0, ~uint64_t{0}}}) {
    check(c);
  }
}

TEST(AluScalar, CountsAndFindsBits) {
  for (const Case& c :
       std::initializer_list<Case>{{"s_bcnt1_i32_b32 s4, s0", 0xf0f, 0, 8, 1},
                                   {"s_bcnt1_i32_b64 s4, s[0:1]", ~uint64_t{0}, 0, 64, 1},
                                   {"s_bcnt0_i32_b32 s4, s0", 0xffffffff, 0, 0, 0},
                                   {"s_ff1_i32_b32 s4, s0", 0x50, 0, 4},
                                   {"s_ff1_i32_b64 s4, s[0:1]", uint64_t{1} << 37, 0, 37},
                                   {"s_ff1_i32_b32 s4, s0", 0, 0, 0xffffffff},
                                   {"s_ff0_i32_b32 s4, s0", 0x7, 0, 3},
                                   {"s_flbit_i32_b32 s4, s0", 0x00800000, 0, 8},
                                   {"s_flbit_i32_b64 s4, s[0:1]", 1, 0, 63},
                                   {"s_flbit_i32 s4, s0", 0xff000000, 0, 8}}) {
    check(c);
  }
}

TEST(AluScalar, ComparesAndSelects) {
  struct {
    const char* text;
    uint64_t a, b;
    bool holds;
  } const cases[] = {{"s_cmp_eq_u32 s0, s2", 4, 4, true},
                     {"s_cmp_lg_i32 s0, s2", 4, 4, false},
                     {"s_cmp_lt_i32 s0, s2", 0xffffffff, 0, true},
                     {"s_cmp_lt_u32 s0, s2", 0xffffffff, 0, false},
                     {"s_cmp_ge_i32 s0, -1", 0xffffffff, 0, true},
                     {"s_cmp_eq_u64 s[0:1], s[2:3]", uint64_t{1} << 32, 0, false},
                     {"s_cmp_lg_u64 s[0:1], 0", uint64_t{1} << 32, 0, true},
                     {"s_cmpk_lt_i32 s0, 0x8000", 0xffff0000, 0, true},
                     {"s_cmpk_lt_u32 s0, 0x8000", 0x7fff, 0, true},
                     {"s_bitcmp1_b32 s0, 3", 8, 0, true},
                     {"s_bitcmp0_b64 s[0:1], 40", uint64_t{1} << 40, 0, false}};
  for (const auto& c : cases) {
    InstructionBench bench;
    bench.set_s64(0, c.a), bench.set_s64(2, c.b);
    bench.run(c.text);
    EXPECT_EQ(bench.scc(), c.holds) << c.text;
  }
  check({"s_cselect_b32 s4, s0, s2", 1, 2, 1}, true);
  check({"s_cselect_b64 s[4:5], s[0:1], s[2:3]", 1, uint64_t{2} << 32, uint64_t{2} << 32}, false);
  check({"s_cmov_b32 s4, s0", 9, 0, 0}, false);
  check({"s_cmov_b32 s4, s0", 9, 0, 9}, true);
  check({"s_cselect_b32 s4, s0, src_scc", 7, 0, 0}, false);
  check({"s_addk_i32 s4, 0xfffe", 0, 0, 0xfffffffe}, false);
  check({"s_bitset1_b32 s4, 5", 0, 0, 32}, false);
}

TEST(AluScalar, SavesExec) {
  InstructionBench bench;
  bench.set_exec(0xff), bench.set_s64(0, 0xf0f);
  bench.run("s_and_saveexec_b64 s[4:5], s[0:1]");
  EXPECT_EQ(bench.s64(4), 0xffu);
  EXPECT_EQ(bench.wave().exec(), 0xfu);
  EXPECT_TRUE(bench.scc());
  bench.run("s_andn2_saveexec_b64 s[6:7], s[0:1]");
  EXPECT_EQ(bench.wave().exec(), 0xf00u);
  bench.run("s_or_saveexec_b64 s[6:7], s[4:5]");
  EXPECT_EQ(bench.wave().exec(), 0xfffu);
  bench.run("s_mov_b64 exec, -1");
  EXPECT_EQ(bench.wave().exec(), ~uint64_t{0});
}

TEST(AluScalar, BarrierWantsAllLanes) {
  InstructionBench bench;
  bench.set_exec(1);
  EXPECT_ERROR(bench.run("s_barrier"), "only some lanes");
}

}  // namespace
}  // namespace octet::amdgcn
