// What AMD GPUs run without a table: by the rows of an average expert, and by how many compute
// units there are to fill.
#include "src/ops/gemm_grouped/hip/choice.h"

#include <gtest/gtest.h>

#include "src/ops/gemm_grouped/op.h"
#include "src/select/choose.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_grouped;
using gemm::Format;

/// tokens, n, k, experts, topk, block_m.
gemm::Problem problem(int64_t tokens, int64_t n, int64_t k, int64_t experts, int64_t topk,
                      Format format, int64_t block_m = 0) {
  gemm::Problem p{tokens, n, k, experts, topk};
  p.block_m = block_m;
  p.format = format;
  return p;
}

/// "variant why" of a problem on a profile, were everything built.
std::string chosen(std::string_view profile, const gemm::Problem& p) {
  const Device device = device_profile(profile).value();
  const select::TunedTables no_tables;
  const auto choice =
      select::choose(gemm::op(), gemm::to_select(p), device, no_tables, {"", false});
  if (!choice.ok()) return choice.status().message();
  return gemm::variants()[static_cast<size_t>(choice->variant)].name + " " +
         select::to_string(choice->why);
}

TEST(GroupedHipChoice, FollowsTheRowsOfAnExpert) {
  EXPECT_EQ(chosen("mi300x", problem(1, 1536, 6144, 128, 4, Format::kMxfp8)),
            "gfx942_mx_8x16x128_w8 heuristic:rows<=8");
  EXPECT_EQ(chosen("mi355x", problem(1, 1536, 6144, 128, 4, Format::kBlockscale)),
            "gfx950_block_8x16x128_w8 heuristic:rows<=8");
  EXPECT_EQ(chosen("mi355x", problem(200, 4096, 7168, 128, 8, Format::kMxfp8)),
            "gfx950_mx_16x32x128_w4 heuristic:rows<=16");
  EXPECT_EQ(chosen("mi300x", problem(400, 4096, 7168, 128, 8, Format::kBlockscale)),
            "gfx942_block_32x32x128_w4 heuristic:rows<=32");
  EXPECT_EQ(chosen("mi355x", problem(2048, 4096, 7168, 32, 8, Format::kMxfp8)),
            "gfx950_mx_64x64x128_w4 heuristic:rows>32");
  EXPECT_EQ(chosen("mi300x", problem(2048, 4096, 7168, 32, 8, Format::kMxfp8)),
            "gfx942_mx_64x32x128_w4 heuristic:rows>32");
}

TEST(GroupedHipChoice, FillsTheComputeUnits) {
  EXPECT_EQ(chosen("mi355x", problem(20, 64, 1024, 2, 1, Format::kMxfp8)),
            "gfx950_mx_16x16x128_w8 heuristic:rows<=16")
      << "two experts and 64 columns: the narrowest";
}

TEST(GroupedHipChoice, KeepsToTheBlockOfTheList) {
  EXPECT_EQ(chosen("mi300x", problem(2048, 4096, 7168, 32, 8, Format::kMxfp8, 16)),
            "gfx942_mx_16x32x128_w4 heuristic:block_m")
      << "aligned to 16 slots";
  EXPECT_EQ(chosen("mi300x", problem(2048, 4096, 7168, 32, 8, Format::kMxfp8, 24)),
            "gfx942_mx_8x16x128_w4 heuristic:block_m");
}

TEST(GroupedHipChoice, OtherKRunsOnTheSimpleKernel) {
  EXPECT_EQ(chosen("mi300x", problem(4, 256, 160, 8, 2, Format::kMxfp8)),
            "gfx942_simple first-supported");
  EXPECT_EQ(chosen("mi355x", problem(4, 256, 160, 8, 2, Format::kMxfp8)),
            "gfx950_mx_8x16x128_w4 heuristic:rows<=8");
}

TEST(GroupedHipSupports, LimitsAreNamed) {
  const Device device = device_profile("mi300x").value();
  const auto reason = [&](const char* name, const gemm::Problem& p) {
    const auto& variant = gemm::variants()[static_cast<size_t>(gemm::op().find(name))];
    return variant.supports(variant.config, gemm::to_select(p), device).reason;
  };
  const Format mx = Format::kMxfp8, blocks = Format::kBlockscale;
  EXPECT_EQ(reason("gfx942_mx_16x16x128_w4", problem(4, 64, 128, 8, 2, blocks)),
            "takes scales of 32 of k (e8m0)");
  EXPECT_EQ(reason("gfx942_block_16x16x128_w4", problem(4, 64, 128, 8, 2, mx)),
            "takes scales of 128 of k (float32)");
  EXPECT_EQ(reason("gfx942_mx_16x16x128_w4", problem(4, 64, 96, 8, 2, mx)),
            "k = 96, must be a multiple of 128");
  EXPECT_EQ(reason("gfx942_mx_16x16x128_w4", problem(4, 64, 128, 8, 2, mx, 24)),
            "block_m = 24, must be a multiple of 16");
  EXPECT_EQ(reason("gfx942_block_8x16x128_w4", problem(1 << 20, 64, 4096, 8, 2, blocks)),
            "a of 2097152 rows of k = 4096 bytes, at most 1879048192 bytes");
  EXPECT_EQ(reason("gfx942_simple", problem(1 << 20, 64, 4096, 8, 2, blocks)), "");
  EXPECT_EQ(reason("gfx942_simple", problem(4, 1048561, 128, 8, 2, mx)),
            "n = 1048561, at most 1048560");
  EXPECT_EQ(reason("gfx942_simple", problem(4, 64, 29360256, 8, 2, mx)),
            "k = 29360256, at most 29360128");
}

}  // namespace
}  // namespace octet
