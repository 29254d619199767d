// What the decoder does not know is said, not guessed.
#include <gtest/gtest.h>

#include "tests/amdgcn/code_object.h"
#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

TEST(Decode, FindsUsesAndResults) {
  const Instruction i = decode("v_mad_u64_u32 v[0:1], s[2:3], v4, -5, v[6:7]");
  EXPECT_EQ(i.problem, "");
  ASSERT_EQ(i.num_defs, 2);
  EXPECT_EQ(i.defs[0].first, 0);
  EXPECT_EQ(i.defs[1].file, Range::File::kScalar);
  ASSERT_EQ(i.num_uses, 2);
  EXPECT_EQ(i.uses[1].count, 2);
  EXPECT_EQ(decode("v_fmac_f32_e32 v0, v1, v2").num_uses, 3);  // the result is read too
  EXPECT_EQ(decode("buffer_load_dword v0, s[0:3], s4 offen lds").num_defs, 0);
  EXPECT_EQ(decode("v_accvgpr_read_b32 v0, a3").uses[0].first, kFirstAccumulator + 3);
}

TEST(Decode, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(decode("v_no_such_thing_e32 v0, v1").problem,
            "unknown instruction v_no_such_thing_e32");
  EXPECT_NE(decode("v_add_u32_e32 v0, v1, v2 sparkle:3").problem.find("sparkle:3"),
            std::string::npos);
  EXPECT_NE(decode("v_add_u32_e32 v0, ttmp3, v2").problem.find("ttmp3"), std::string::npos);
  EXPECT_NE(decode("v_and_b32_e64 v0, v1, v2 clamp").problem.find("clamp"), std::string::npos);
  EXPECT_NE(decode("v_and_b32_e64 v0, v1, v2 op_sel:[1,0,0]").problem.find("op_sel"),
            std::string::npos);
  EXPECT_NE(decode("v_add_u32_e32 v0, v1, v2 offset:4").problem.find("offset"), std::string::npos);
  InstructionBench bench;
  EXPECT_ERROR(bench.run("scratch_load_dword v0, off, s0"),
               "unknown instruction scratch_load_dword");
}

}  // namespace
}  // namespace octet::amdgcn
