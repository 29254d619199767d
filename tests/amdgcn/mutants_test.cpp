#include "tests/amdgcn/mutants.h"

#include <gtest/gtest.h>

#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

using Texts = std::vector<std::string>;

/// Where every line ran.
Texts texts_of(const std::string& lines, MutantKind kind) {
  const KernelCode kernel = kernel_of(lines);
  Texts texts;
  const std::vector<uint8_t> executed(kernel.instructions.size(), kWentOn);
  for (const Mutant& mutant : mutants_of(kernel, kind, executed)) {
    EXPECT_EQ(mutant.original, kernel.instructions[mutant.index].text);
    EXPECT_EQ(mutant.address, kernel.instructions[mutant.index].address);
    texts.push_back(mutant.text);
  }
  return texts;
}

TEST(Mutants, WaitsAndBarriersAreLeftOut) {
  EXPECT_EQ(texts_of("s_waitcnt vmcnt(0)\ns_nop 0\ns_barrier", MutantKind::kWaits),
            (Texts{"", ""}));
}

TEST(Mutants, OperandsOfMatrixInstructionsAreSwapped) {
  EXPECT_EQ(texts_of("v_mfma_f32_16x16x32_fp8_fp8 v[0:3], v[4:5], v[6:7], v[0:3]\nv_add_u32_e32 "
                     "v0, v1, v2",
                     MutantKind::kOperands),
            Texts{"v_mfma_f32_16x16x32_fp8_fp8 v[0:3], v[6:7], v[4:5], v[0:3]"});
}

const std::string kScaled =
    "v_mfma_scale_f32_16x16x128_f8f6f4 v[0:3], v[8:15], v[16:23], v[0:3], v30, v31";

TEST(Mutants, ScalesAreOfOtherBytesLanesAndRegisters) {
  const std::string line = kScaled + " op_sel_hi:[0,0,0]";
  EXPECT_EQ(texts_of(line, MutantKind::kScaleBytes),
            (Texts{kScaled + " op_sel:[1,0,0] op_sel_hi:[0,0,0]",
                   kScaled + " op_sel:[0,1,0] op_sel_hi:[0,0,0]"}));
  const Texts lanes = texts_of(line, MutantKind::kScaleLanes);
  ASSERT_EQ(lanes.size(), 2u);
  EXPECT_EQ(lanes[0], "v_mov_b32_dpp v30, v30 row_ror:1 row_mask:0xf bank_mask:0xf; " + line +
                          "; v_mov_b32_dpp v30, v30 row_ror:15 row_mask:0xf bank_mask:0xf");
  const std::string tail = " op_sel_hi:[0,0,0]", head = kScaled.substr(0, kScaled.size() - 8);
  EXPECT_EQ(texts_of(line, MutantKind::kScaleRegisters), Texts{head + "v31, v30" + tail});
  const std::string other =
      "v_mfma_scale_f32_16x16x128_f8f6f4 v[0:3], v[8:15], v[16:23], v[0:3], v32, v33 "
      "op_sel_hi:[0,0,0]";
  const Texts registers = texts_of(line + "\n" + other, MutantKind::kScaleRegisters);
  ASSERT_EQ(registers.size(), 6u);
  EXPECT_EQ(registers[1], head + "v32, v31" + tail);
  EXPECT_EQ(registers[2], head + "v30, v33" + tail);
}

TEST(Mutants, BytesThatSdwaSelectsAndLanesThatGiveAScale) {
  const std::string add =
      "v_add_u32_sdwa v1, v2, v3 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:DWORD src1_sel:BYTE_";
  EXPECT_EQ(texts_of(add + "3", MutantKind::kScaleBytes), Texts{add + "0"});
  const std::string take = "ds_bpermute_b32 v1, v2, v3";
  EXPECT_EQ(texts_of(take + "\nv_or_b32_e32 v4, v1, v5", MutantKind::kScaleLanes),
            Texts{take + " offset:4"});
  EXPECT_EQ(texts_of(take + "\nv_max_f32_e32 v4, v1, v5", MutantKind::kScaleLanes), Texts{});
}

/// v1 is where LDS is read, v2 where it is written, v3 both; v4 is a row that is loaded, v6 no
/// address.
TEST(Mutants, ConstantsOfAddresses) {
  const std::string lines =
      "v_and_b32_e32 v1, 7, v0\nv_xor_b32_e32 v2, 48, v0\nv_lshlrev_b32_e32 v3, 4, v0\n"
      "v_mul_u32_u24_e32 v4, 0x50, v0\nv_lshlrev_b32_e32 v6, 5, v0\nv_add_u32_e32 v1, v1, v3\n"
      "v_add_u32_e32 v2, v2, v3\nds_read_b32 v8, v1\nds_write_b32 v2, v6\n"
      "buffer_load_dword v9, v4, s[0:3], 0 offen";
  EXPECT_EQ(texts_of(lines, MutantKind::kReadSwizzles), Texts{"v_and_b32_e32 v1, 0x6, v0"});
  EXPECT_EQ(texts_of(lines, MutantKind::kWrittenRows), Texts{"v_xor_b32_e32 v2, 0x20, v0"});
  EXPECT_EQ(texts_of(lines, MutantKind::kReadRows), Texts{"v_mul_u32_u24_e32 v4, 0x51, v0"});
}

TEST(Mutants, ReadsOfLdsGoOneElementOn) {
  EXPECT_EQ(texts_of("ds_read_b128 v[0:3], v4 offset:512\nds_read_b64 v[0:1], v4\n"
                     "ds_read2_b32 v[0:1], v4 offset0:3 offset1:255",
                     MutantKind::kLdsOffsets),
            (Texts{"ds_read_b128 v[0:3], v4 offset:528", "ds_read_b64 v[0:1], v4 offset:8",
                   "ds_read2_b32 v[0:1], v4 offset0:3 offset1:254"}));
}

}  // namespace
}  // namespace octet::amdgcn
