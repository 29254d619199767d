// What a grouped GEMM means to a GPU: tiles that random routing makes, and the choice.
#include <gtest/gtest.h>

#include "src/ops/gemm_grouped/cuda/cost.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/select/choose.h"
#include "src/select/tuned_table.h"

namespace octet::ops::gemm_grouped {
namespace {

Problem problem(int64_t tokens, int64_t experts, int64_t topk) {
  Problem p;
  p.tokens = tokens;
  p.n = 1536;
  p.k = 6144;
  p.experts = experts;
  p.topk = topk;
  return p;
}

TEST(GroupedCostCuda, TilesOfRandomRouting) {
  // Two tokens, an expert each: both at the same one half of the time.
  EXPECT_NEAR(cuda::expected_tiles(problem(2, 2, 1), 8), 1.5, 1e-9);
  // 40 tokens among two experts: 20 and 20, in three tiles each, unless one has more than 24.
  EXPECT_NEAR(cuda::expected_tiles(problem(40, 2, 1), 8), 6.0, 0.2);
  // Every token at every expert.
  EXPECT_NEAR(cuda::expected_tiles(problem(17, 4, 4), 8), 4 * 3, 1e-9);
  // Many tokens: an average half tile of padding an expert.
  EXPECT_NEAR(cuda::expected_tiles(problem(65536, 8, 1), 64), 65536 / 64 + 8 * 0.5, 0.3);
  // Few of many experts: hardly one has two tokens.
  EXPECT_NEAR(cuda::expected_tiles(problem(1, 256, 8), 16), 8, 1e-9);
}

TEST(GroupedCostCuda, WeightsAreReadAgainByFurtherTilesOfAnExpert) {
  const select::Tile tile{8, 64, 128, 1};
  const auto once = cuda::cost_terms(problem(1, 32, 4), tile, 132);
  EXPECT_NEAR(once[1], 4 * 1536 * 6144 * 1e-6 / 132, 1e-6);
  EXPECT_NEAR(once[3], 0, 1e-9);
  const auto thrice = cuda::cost_terms(problem(24, 4, 4), tile, 132);
  EXPECT_NEAR(thrice[3], 2 * thrice[1], 1e-9);
}

TEST(GroupedCostCuda, ATileMayEndBeforeItIsFull) {
  const select::Tile whole{128, 256, 128, 1}, parts{128, 256, 128, 1, false, 32};
  // 150 tokens at each of four experts: two tiles of 128, or 128 and 32.
  const auto all = cuda::cost_terms(problem(150, 4, 4), whole, 132);
  auto some = cuda::cost_terms(problem(150, 4, 4), parts, 132);
  EXPECT_NEAR(some[2] / all[2], 160.0 / 256, 1e-9);
  some[2] = all[2];
  EXPECT_EQ(some, all);
}

/// What an untuned call gets on an H200, up to its numbers.
std::string choice(Format format, int64_t tokens, int64_t k = 6144) {
  Problem p = problem(tokens, 32, 4);
  p.format = format;
  p.k = k;
  const select::TunedTables none;
  const auto chosen =
      select::choose(op(), to_select(p), device_profile("h200").value(), none, {{}, false});
  EXPECT_TRUE(chosen.ok());
  const std::string& name = variants()[static_cast<size_t>(chosen->variant)].name;
  return name.substr(0, name.find_first_of("0123456789", sizeof "sm90"));
}

TEST(GroupedCostCuda, FewAndManyTokensHaveTheirKernels) {
  EXPECT_EQ(choice(Format::kBlockscale, 1), "sm90_block_swap_");
  EXPECT_EQ(choice(Format::kMxfp8, 16), "sm90_mx_swap_");
  EXPECT_EQ(choice(Format::kBlockscale, 4096), "sm90_block_tile_");
  EXPECT_EQ(choice(Format::kMxfp8, 64), "sm90_mx_swap_");
  EXPECT_EQ(choice(Format::kMxfp8, 256), "sm90_mx_widen_") << "32 tokens an expert";
  EXPECT_EQ(choice(Format::kMxfp8, 4096), "sm90_mx_widen_");
  EXPECT_EQ(choice(Format::kMxfp8, 1, 2880), "sm90_mx_loose_");
}

}  // namespace
}  // namespace octet::ops::gemm_grouped
