// What is undefined, and where that is an error.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

TEST(Step, UndefinedValuesSpreadLaneByLane) {
  InstructionBench bench;
  bench.set_v(0, 1), bench.set_exec(0xff);
  bench.run("v_mov_b32_e32 v1, v0");  // lanes 8 and above stay undefined
  bench.set_exec(~uint64_t{0});
  bench.run("v_add_u32_e32 v2, v0, v1");
  EXPECT_EQ(bench.wave().undefined[2], ~uint64_t{0xff});
  bench.run("v_mov_b32_e32 v2, 0");
  EXPECT_EQ(bench.wave().undefined[2], 0u);
}

TEST(Step, PartsOfAResultAreUndefinedApart) {
  InstructionBench bench(true);
  bench.set_v(0, 0), bench.set_v(2, 0);  // v1 and v3 are undefined
  bench.run("v_pk_add_f32 v[4:5], v[0:1], v[2:3]\nv_mov_b64_e32 v[6:7], v[0:1]");
  bench.run("v_pk_mov_b32 v[8:9], v[0:1], v[0:1] op_sel:[1,0] op_sel_hi:[0,0]");
  bench.run("v_pk_mul_f32 v[10:11], v[0:1], v[2:3] op_sel_hi:[0,0]");
  bench.run("v_lshl_add_u64 v[12:13], v[0:1], 1, v[2:3]\nv_cvt_pk_bf16_f32 v14, v0, v1");
  for (const int number : {4, 6, 9, 10, 11, 12, 14})
    EXPECT_EQ(bench.wave().undefined[number], 0u) << number;
  for (const int number : {5, 7, 8, 13})
    EXPECT_EQ(bench.wave().undefined[number], ~uint64_t{0}) << number;
}

TEST(Step, UndefinedScalarsSpreadBitByBitInLogic) {
  InstructionBench bench;
  bench.set_s64(0, 0xf0);
  bench.run("s_and_b64 s[4:5], s[0:1], s[2:3]");  // s[2:3] is undefined
  EXPECT_EQ(bench.wave().pair_undefined(4), 0xf0u);
  bench.run("s_or_b64 s[4:5], s[4:5], s[0:1]");
  EXPECT_EQ(bench.wave().pair_undefined(4), 0xf0u);
  bench.run("s_andn2_b64 s[4:5], s[4:5], s[0:1]");
  EXPECT_EQ(bench.wave().pair_undefined(4), 0u);
  bench.run("s_add_u32 s6, s0, s2");
  EXPECT_EQ(bench.wave().sgpr_undefined[6], ~0u);
  EXPECT_ERROR(bench.run("s_cbranch_scc1 3"), "undefined");
}

TEST(Step, ExecIsNeverUndefined) {
  InstructionBench bench;
  EXPECT_ERROR(bench.run("s_mov_b64 exec, s[2:3]"), "EXEC becomes an undefined value");
  EXPECT_ERROR(bench.run("s_and_saveexec_b64 s[0:1], s[2:3]"), "undefined");
}

TEST(Step, RegistersEndWhereTheKernelSays) {
  InstructionBench bench;
  bench.wave().reset(0, 8, 4);
  EXPECT_NO_THROW(bench.run("v_mov_b32_e32 v7, 0"));
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v8, 0"), "v8 is beyond the registers of the kernel");
  EXPECT_ERROR(bench.run("v_accvgpr_write_b32 a4, v7"), "a4 is beyond");
}

}  // namespace
}  // namespace octet::amdgcn
