// What gemm_batched runs on AMD GPUs where no tuned row fits.
#include <gtest/gtest.h>

#include "src/ops/gemm_batched/op.h"
#include "src/select/choose.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_batched;
using gemm::Format;
using gemm::Problem;

TEST(BatchedHipChoice, FollowsTokensAndComputeUnits) {
  const select::TunedTables no_tables;
  const auto chosen = [&](const char* device, const Problem& problem) {
    const auto choice =
        select::choose(gemm::op(), gemm::to_select(problem), device_profile(device).value(),
                       no_tables, {.variant = {}, .built_only = false});
    EXPECT_TRUE(choice.ok()) << choice.status().message();
    return choice.ok() ? gemm::variants()[static_cast<size_t>(choice->variant)].name : "";
  };
  EXPECT_EQ(chosen("mi300x", {16, 512, 128, 4}), "gfx942_stream_16x16");
  EXPECT_EQ(chosen("mi300x", {16, 8192, 8192, 128}), "gfx942_stream_16x32");
  EXPECT_EQ(chosen("mi300x", {16, 8192, 8192, 128, Format::kAfp4wfp4}), "gfx942_tile_16x64");
  EXPECT_EQ(chosen("mi355x", {16, 8192, 8192, 128, Format::kAfp4wfp4}), "gfx950_stream_16x32");
  EXPECT_EQ(chosen("mi355x", {16, 8192, 8192, 128, Format::kA16wfp4Wide}), "gfx942_tile_16x64");
  EXPECT_EQ(chosen("mi300x", {32, 512, 128, 128, Format::kA8w8}), "gfx942_stream_32x32");
  EXPECT_EQ(chosen("mi300x", {64, 8192, 8192, 128}), "gfx942_tile_64x128");
  EXPECT_EQ(chosen("mi300x", {1024, 8192, 8192, 128}), "gfx942_tile_128x128");
  EXPECT_EQ(chosen("mi300x", {1024, 8192, 8192, 128, Format::kA8w8Prequant}), "gfx942_tile_64x128");
  EXPECT_EQ(chosen("mi300x", {64, 256, 8192, 2}), "gfx942_tile_64x64");
  EXPECT_EQ(chosen("mi300x", {64, 256, 8191, 2}), "gfx942_simple");
}

}  // namespace
}  // namespace octet
