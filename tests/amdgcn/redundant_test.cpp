#include "tests/amdgcn/redundant.h"

#include <gtest/gtest.h>

#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

/// The last line is the one that touches what was loaded.
bool covered(const std::string& lines, Taken taken = nullptr) {
  const KernelCode kernel = kernel_of(lines);
  size_t first = 0;
  while (!kernel.instructions[first].text.starts_with("s_waitcnt")) ++first;
  return is_covered_wait(kernel, first, taken);
}

TEST(Redundant, AWaitIsNeededByWhoTouchesTheRegisterNext) {
  const std::string load = "global_load_dword v1, v[2:3], off\ns_waitcnt vmcnt(0)\n";
  EXPECT_FALSE(covered(load + "v_mov_b32_e32 v4, v1\ns_endpgm"));
  EXPECT_FALSE(covered(load + "v_mov_b32_e32 v1, 0\ns_endpgm")) << "it would come later";
  EXPECT_TRUE(covered(load + "v_mov_b32_e32 v4, v5\ns_endpgm"));
  EXPECT_TRUE(covered(load + "s_waitcnt vmcnt(0)\nv_mov_b32_e32 v4, v1\ns_endpgm"));
  EXPECT_FALSE(covered(load + "s_waitcnt vmcnt(1)\nv_mov_b32_e32 v4, v1\ns_endpgm"));
  EXPECT_FALSE(covered(load + "s_waitcnt lgkmcnt(0)\nv_mov_b32_e32 v4, v1\ns_endpgm"));
}

TEST(Redundant, WhatWasTouchedBeforeHadBeenWaitedFor) {
  EXPECT_TRUE(
      covered("global_load_dword v1, v[2:3], off\nv_mov_b32_e32 v4, v1\ns_waitcnt vmcnt(0)\n"
              "v_mov_b32_e32 v4, v1\ns_endpgm"));
}

TEST(Redundant, EveryWayMustWait) {
  const std::string branch =
      "s_load_dword s4, s[0:1], 0x0\ns_waitcnt lgkmcnt(0)\ns_cbranch_scc1 1\n"
      "s_waitcnt lgkmcnt(0)\ns_mov_b32 s5, s4\ns_endpgm";
  EXPECT_FALSE(covered(branch));
  const std::vector<uint8_t> straight{kWentOn, kWentOn, kWentOn, kWentOn, kWentOn, kWentOn};
  EXPECT_TRUE(covered(branch, &straight)) << "the way that runs took";
  const std::vector<uint8_t> jumped{kWentOn, kWentOn, kJumped, 0, kWentOn, kWentOn};
  EXPECT_FALSE(covered(branch, &jumped));
}

TEST(Redundant, ABarrierNeedsStoresToBeThere) {
  EXPECT_FALSE(covered("ds_write_b32 v0, v1\ns_waitcnt lgkmcnt(0)\ns_barrier\ns_endpgm"));
  EXPECT_TRUE(covered("ds_write_b32 v0, v1\ns_waitcnt lgkmcnt(0)\ns_endpgm"));
}

TEST(Redundant, WaitsForRegistersAlone) {
  const auto for_registers = [](const std::string& operation) {
    const KernelCode kernel = kernel_of(operation + "\ns_waitcnt lgkmcnt(0)\ns_endpgm");
    return is_wait_for_registers(kernel, 1, nullptr);
  };
  EXPECT_TRUE(for_registers("ds_read_b32 v0, v1"));
  EXPECT_FALSE(for_registers("ds_write_b32 v0, v1"));
}

TEST(Redundant, ABarrierBetweenReadsOrNextToNothingIsIdle) {
  const auto idle = [](const std::string& before, const std::string& behind) {
    return is_idle_barrier(kernel_of(before + "\ns_barrier\n" + behind + "\ns_endpgm"), 1, nullptr);
  };
  const std::string write = "ds_write_b32 v0, v1", read = "ds_read_b32 v1, v0", none = "s_nop 0";
  EXPECT_FALSE(idle(write, read));
  EXPECT_FALSE(idle(read, write));
  EXPECT_FALSE(idle(write, write));
  EXPECT_TRUE(idle(read, read));
  EXPECT_TRUE(idle(write, none));
  EXPECT_TRUE(idle(none, write));
}

TEST(Redundant, WhatFollowsAWriteBackIsBetweenWorkgroups) {
  const KernelCode kernel = kernel_of(
      "s_barrier\nbuffer_wbl2 sc1\ns_waitcnt vmcnt(0)\nbuffer_inv sc1\ns_barrier\ns_nop 0\n"
      "s_barrier\ns_endpgm");
  for (const auto& [index, between] :
       {std::pair{0, false}, {2, true}, {4, true}, {5, false}, {6, false}}) {
    EXPECT_EQ(is_between_workgroups(kernel, static_cast<size_t>(index)), between) << index;
  }
}

}  // namespace
}  // namespace octet::amdgcn
