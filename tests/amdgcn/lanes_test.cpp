// Exchange between lanes: v0 holds the lane's number, or 100 and more.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

constexpr uint32_t kOld = 999;

/// What lane `lane` of the result has after a DPP move of 100 + lane into a register of kOld.
uint32_t moved(const std::string& control, int lane, uint64_t exec = ~uint64_t{0}) {
  InstructionBench bench;
  bench.set_v(0, [](uint32_t l) { return 100 + l; }), bench.set_v(1, kOld);
  bench.set_exec(exec);
  bench.run("v_mov_b32_dpp v1, v0 " + control);
  return bench.v(1, lane);
}

TEST(Lanes, DppMovesWithinRows) {
  const std::string all = " row_mask:0xf bank_mask:0xf";
  EXPECT_EQ(moved("quad_perm:[1,0,3,2]" + all, 6), 107u);
  EXPECT_EQ(moved("row_shl:3" + all, 16), 119u);
  EXPECT_EQ(moved("row_shl:3" + all, 30), kOld);  // past the row: not written
  EXPECT_EQ(moved("row_shl:3" + all + " bound_ctrl:1", 30), 0u);
  EXPECT_EQ(moved("row_shr:1" + all, 17), 116u);
  EXPECT_EQ(moved("row_shr:1" + all, 16), kOld);
  EXPECT_EQ(moved("row_ror:4" + all, 33), 145u);
  EXPECT_EQ(moved("row_mirror" + all, 18), 129u);
  EXPECT_EQ(moved("row_half_mirror" + all, 18), 121u);
  EXPECT_EQ(moved("row_bcast:15" + all, 20), 115u);
  EXPECT_EQ(moved("row_bcast:15" + all, 3), kOld);
  EXPECT_EQ(moved("row_bcast:31" + all, 40), 131u);
  EXPECT_EQ(moved("row_bcast:31" + all, 20), kOld);
  EXPECT_EQ(moved("row_newbcast:5" + all, 60), 153u);
  EXPECT_EQ(moved("wave_shr:1" + all, 16), 115u);
  EXPECT_EQ(moved("row_shr:1 row_mask:0xd bank_mask:0xf", 20), kOld);  // row 1 is masked
  EXPECT_EQ(moved("row_shr:1 row_mask:0xf bank_mask:0x2", 21), 120u);
  EXPECT_EQ(moved("row_shr:1 row_mask:0xf bank_mask:0x2", 18), kOld);
  EXPECT_EQ(moved("row_shr:1" + all, 17, ~uint64_t{0} - (1 << 16)), kOld);  // from an inactive lane
}

/// The sum over a wave as the compiler does it.
TEST(Lanes, DppReduces) {
  InstructionBench bench;
  bench.set_v(0, [](uint32_t l) { return l + 1; });
  for (const char* control : {"row_shr:1", "row_shr:2", "row_shr:4", "row_shr:8"}) {
    bench.run(std::string("v_add_u32_dpp v0, v0, v0 ") + control +
              " row_mask:0xf bank_mask:0xf bound_ctrl:1");
  }
  bench.run("v_add_u32_dpp v0, v0, v0 row_bcast:15 row_mask:0xa bank_mask:0xf");
  bench.run("v_add_u32_dpp v0, v0, v0 row_bcast:31 row_mask:0xc bank_mask:0xf");
  bench.run("v_readlane_b32 s0, v0, 63");
  EXPECT_EQ(bench.s(0), 64u * 65 / 2);
}

TEST(Lanes, ReadsAndWritesLanes) {
  InstructionBench bench;
  bench.set_v(0, [](uint32_t l) { return l * 3; }), bench.set_exec(0xff0), bench.set_s(1, 70);
  bench.run("v_readfirstlane_b32 s0, v0\nv_readlane_b32 s2, v0, s1");
  EXPECT_EQ(bench.s(0), 12u);
  EXPECT_EQ(bench.s(2), 18u);  // lane 70 % 64, active or not
  bench.run("v_writelane_b32 v0, s1, 2");
  EXPECT_EQ(bench.v(0, 2), 70u);
  bench.run("v_mbcnt_lo_u32_b32 v1, -1, 0\nv_mbcnt_hi_u32_b32 v1, -1, v1");
  EXPECT_EQ(bench.v(1, 9), 9u);
  bench.set_exec(~uint64_t{0});
  bench.run("v_mbcnt_lo_u32_b32 v1, -1, 0\nv_mbcnt_hi_u32_b32 v1, -1, v1");
  EXPECT_EQ(bench.v(1, 50), 50u);
}

TEST(Lanes, SwapsRowsAndHalves) {
  InstructionBench bench(true);
  const auto reset = [&] {
    bench.set_v(0, [](uint32_t l) { return l; }),
        bench.set_v(1, [](uint32_t l) { return 100 + l; });
  };
  reset();
  bench.run("v_permlane32_swap_b32_e32 v0, v1");
  EXPECT_EQ(bench.v(0, 5), 5u);
  EXPECT_EQ(bench.v(0, 37), 105u);
  EXPECT_EQ(bench.v(1, 5), 37u);
  EXPECT_EQ(bench.v(1, 37), 137u);
  reset();
  bench.run("v_permlane16_swap_b32_e32 v0, v1");
  EXPECT_EQ(bench.v(0, 17), 101u);
  EXPECT_EQ(bench.v(1, 1), 17u);
  EXPECT_EQ(bench.v(1, 33), 49u);
  EXPECT_EQ(bench.v(0, 33), 33u);
  reset();
  bench.run("v_swap_b32 v0, v1");
  EXPECT_EQ(bench.v(0, 9), 109u);
}

TEST(Lanes, UndefinedValuesTravelWithTheirLanes) {
  InstructionBench bench;
  bench.set_v(0, 1), bench.set_v(1, 0), bench.wave().undefined[0] = 1 << 4;
  bench.run("v_mov_b32_dpp v1, v0 row_shr:1 row_mask:0xf bank_mask:0xf");
  EXPECT_NE(bench.wave().undefined[1] & 1 << 5, 0u);
  bench.run("v_readlane_b32 s0, v0, 3\nv_readlane_b32 s1, v0, 4");
  EXPECT_EQ(bench.wave().sgpr_undefined[0], 0u);
  EXPECT_NE(bench.wave().sgpr_undefined[1], 0u);
}

}  // namespace
}  // namespace octet::amdgcn
