// Other instructions in place of one of a kernel.
#include <gtest/gtest.h>

#include "tests/amdgcn/kernels/gemm_case.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

class AlterationTest : public testing::Test {
 protected:
  const Instruction& first(std::string_view begin) {
    const auto& code = code_->find("octet_test_tile")->instructions;
    const auto found = std::find_if(
        code.begin(), code.end(), [&](const Instruction& i) { return i.text.starts_with(begin); });
    EXPECT_NE(found, code.end()) << begin;
    return *found;
  }
  /// What the run says, with `text` in place of the first instruction that begins so.
  std::string run(std::string_view begin, std::string_view text, Alteration::Use use) {
    Launch launch = tile_launch(case_.fresh());
    launch.alteration = {use, first(begin).address, text};
    return error_of([&] { amdgcn::launch(*code_, case_.memory, launch); });
  }
  bool right() { return case_.worst() < GemmCase::kBound; }

  GemmCase case_{64, 64, 256, true, false};
  std::shared_ptr<const CodeObject> code_ = load_code("gemm.gfx950.0.co");
};

TEST_F(AlterationTest, TheOthersRunInstead) {
  EXPECT_EQ(run("v_mfma", "s_nop 0; s_nop 1", Alteration::Use::kReplace), "");
  EXPECT_FALSE(right());
}

TEST_F(AlterationTest, WhatIsNotKnownIsRefusedBeforeItRuns) {
  EXPECT_ERROR(decode_alteration(kernel_of("s_nop 0"), {{}, 0, "v_foo v1"}), "unknown instruction");
  EXPECT_ERROR(decode_alteration(kernel_of("s_nop 0"), {{}, 4, ""}), "no instruction at 0x4");
}

TEST_F(AlterationTest, ComparesWithoutAChange) {
  EXPECT_EQ(run("v_mfma", first("v_mfma").text, Alteration::Use::kCompare), "");
  EXPECT_TRUE(right());
  EXPECT_NE(run("s_barrier", "", Alteration::Use::kCompare).find("a difference"),
            std::string::npos);
  EXPECT_NE(run("s_waitcnt", "", Alteration::Use::kCompare).find("a difference"),
            std::string::npos);
  EXPECT_NE(run("ds_read", "s_nop 0", Alteration::Use::kCompare).find("a difference"),
            std::string::npos);
}

/// Where the others give another value, to use it is an error.
TEST_F(AlterationTest, WhatDiffersIsUndefined) {
  EXPECT_NE(run("v_mfma", "s_nop 0", Alteration::Use::kCompare), "");
}

}  // namespace
}  // namespace octet::amdgcn
