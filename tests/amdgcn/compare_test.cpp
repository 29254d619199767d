// Vector comparisons: one bit a lane, zero in inactive lanes.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

/// Lanes 0 to 3 hold the pairs of the test below; bit l of the result.
uint64_t lanes_of(const char* text, std::vector<std::pair<uint32_t, uint32_t>> pairs) {
  InstructionBench bench;
  bench.set_v(0, [&](uint32_t l) { return pairs[l % pairs.size()].first; });
  bench.set_v(1, [&](uint32_t l) { return pairs[l % pairs.size()].second; });
  bench.set_exec((uint64_t{1} << pairs.size()) - 1);
  bench.run(text);
  return bench.s64(kVcc);
}

TEST(Compare, Integers) {
  const std::vector<std::pair<uint32_t, uint32_t>> pairs = {{1, 2}, {2, 2}, {0xffffffff, 2}};
  EXPECT_EQ(lanes_of("v_cmp_lt_u32_e32 vcc, v0, v1", pairs), 0b001u);
  EXPECT_EQ(lanes_of("v_cmp_lt_i32_e32 vcc, v0, v1", pairs), 0b101u);
  EXPECT_EQ(lanes_of("v_cmp_le_u32_e32 vcc, v0, v1", pairs), 0b011u);
  EXPECT_EQ(lanes_of("v_cmp_eq_u32_e32 vcc, v0, v1", pairs), 0b010u);
  EXPECT_EQ(lanes_of("v_cmp_ne_i32_e32 vcc, v0, v1", pairs), 0b101u);
  EXPECT_EQ(lanes_of("v_cmp_gt_i32_e32 vcc, v0, v1", pairs), 0b000u);
  EXPECT_EQ(lanes_of("v_cmp_ge_u32_e32 vcc, 2, v1", pairs), 0b111u);
  EXPECT_EQ(lanes_of("v_cmp_gt_u16_e32 vcc, v0, v1", {{0x10003, 2}, {0x10001, 2}}), 0b01u);
}

TEST(Compare, Floats) {
  const auto f = [](float x) { return std::bit_cast<uint32_t>(x); };
  const float nan = std::nanf("");
  const std::vector<std::pair<uint32_t, uint32_t>> pairs = {
      {f(1), f(2)}, {f(0.0f), f(-0.0f)}, {f(nan), f(1)}, {f(3), f(2)}};
  EXPECT_EQ(lanes_of("v_cmp_lt_f32_e32 vcc, v0, v1", pairs), 0b0001u);
  EXPECT_EQ(lanes_of("v_cmp_eq_f32_e32 vcc, v0, v1", pairs), 0b0010u);
  EXPECT_EQ(lanes_of("v_cmp_neq_f32_e32 vcc, v0, v1", pairs), 0b1101u);
  EXPECT_EQ(lanes_of("v_cmp_lg_f32_e32 vcc, v0, v1", pairs), 0b1001u);
  EXPECT_EQ(lanes_of("v_cmp_nlt_f32_e32 vcc, v0, v1", pairs), 0b1110u);
  EXPECT_EQ(lanes_of("v_cmp_nge_f32_e32 vcc, v0, v1", pairs), 0b0101u);
  EXPECT_EQ(lanes_of("v_cmp_u_f32_e32 vcc, v0, v1", pairs), 0b0100u);
  EXPECT_EQ(lanes_of("v_cmp_o_f32_e32 vcc, v0, v1", pairs), 0b1011u);
  EXPECT_EQ(lanes_of("v_cmp_gt_f32_e64 vcc, |v0|, -v1", pairs), 0b1001u);
  EXPECT_EQ(lanes_of("v_cmp_class_f32_e64 vcc, v0, 3", pairs), 0b0100u);     // NaN
  EXPECT_EQ(lanes_of("v_cmp_class_f32_e64 vcc, v0, 0x40", pairs), 0b0010u);  // +0
  EXPECT_EQ(lanes_of("v_cmp_gt_f16_e32 vcc, 1.0, v0", {{0x3800, 0}, {0x4000, 0}}), 0b01u);
}

TEST(Compare, SixtyFourBits) {
  InstructionBench bench;
  bench.set_v64(0, uint64_t{1} << 63), bench.set_v64(2, 5);
  bench.run("v_cmp_gt_u64_e32 vcc, v[0:1], v[2:3]\nv_cmp_gt_i64_e64 s[0:1], v[0:1], v[2:3]");
  EXPECT_EQ(bench.s64(kVcc), ~uint64_t{0});
  EXPECT_EQ(bench.s64(0), 0u);
}

TEST(Compare, UndefinedLanesStayInTheMask) {
  InstructionBench bench;
  bench.set_v(0, 1), bench.set_v(1, 2);
  bench.wave().undefined[0] = 0b110;
  bench.set_exec(0b011);
  bench.run("v_cmp_lt_u32_e32 vcc, v0, v1");
  EXPECT_EQ(bench.wave().pair_undefined(kVcc), 0b010u);
  EXPECT_ERROR(bench.run("s_cbranch_vccz 2"), "undefined");
}

}  // namespace
}  // namespace octet::amdgcn
