// What AMD GPUs run without a table: by m, and by how many compute units there are to fill.
#include "src/ops/gemm_mxfp8/hip/choice.h"

#include <gtest/gtest.h>

#include <memory>

#include "src/ops/gemm_mxfp8/op.h"
#include "src/select/choose.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_mxfp8;

/// "variant why" of a problem on a profile, were everything built.
std::string chosen(std::string_view profile, const gemm::Problem& problem) {
  const Device device = device_profile(profile).value();
  const select::TunedTables no_tables;
  const auto choice =
      select::choose(gemm::op(), gemm::to_select(problem), device, no_tables, {"", false});
  if (!choice.ok()) return choice.status().message();
  return gemm::variants()[static_cast<size_t>(choice->variant)].name + " " +
         select::to_string(choice->why);
}

TEST(MxHipChoice, FollowsTheNumberOfTokens) {
  EXPECT_EQ(chosen("mi300x", {1, 6144, 6144}), "gfx942_gemv_w1 heuristic:m<=2");
  EXPECT_EQ(chosen("mi300x", {3, 16384, 6144}), "gfx942_mfma_16x32x128_w4_k1 heuristic:m<=16");
  EXPECT_EQ(chosen("mi300x", {17, 16384, 6144}), "gfx942_mfma_32x32x128_w4_k1 heuristic:m<=32");
  EXPECT_EQ(chosen("mi300x", {4096, 7168, 2048}), "gfx942_mfma_64x32x128_w4_k1 heuristic:m>32");
  EXPECT_EQ(chosen("mi355x", {2, 6144, 6144}), "gfx942_gemv_w1 heuristic:m<=2");
  EXPECT_EQ(chosen("mi355x", {16, 9216, 6144}), "gfx950_mfma_16x32x128_w8_k1 heuristic:m<=16");
  EXPECT_EQ(chosen("mi355x", {4096, 7168, 2048}), "gfx950_mfma_64x64x128_w4_k1 heuristic:m>32");
}

TEST(MxHipChoice, FillsTheComputeUnits) {
  EXPECT_EQ(chosen("mi300x", {1, 768, 6144}), "gfx942_gemv_w4 heuristic:m<=2")
      << "192 waves of four rows are too few for 304 compute units";
  EXPECT_EQ(chosen("mi300x", {8, 768, 6144}), "gfx942_mfma_16x16x128_w16_k2 heuristic:m<=16")
      << "48 tiles: as many waves as have a step each";
  EXPECT_EQ(chosen("mi308x", {16, 9216, 6144}), "gfx942_mfma_16x32x128_w4_k1 heuristic:m<=16")
      << "80 compute units";
  EXPECT_EQ(chosen("mi355x", {64, 1152, 6144}), "gfx950_mfma_64x32x128_w8_k4 heuristic:m>32");
  EXPECT_EQ(chosen("mi300x", {8, 768, 1024}), "gfx942_mfma_16x16x128_w8_k1 heuristic:m<=16")
      << "eight steps of 128: none for more waves";
}

TEST(MxHipChoice, ServesEveryK) {
  EXPECT_EQ(chosen("mi300x", {8, 1024, 160}), "gfx942_gemv_w4 heuristic:any-k");
  EXPECT_EQ(chosen("mi300x", {100, 65536, 160}), "gfx942_gemv_w1 heuristic:any-k");
  EXPECT_EQ(chosen("mi355x", {8, 1024, 160}), "gfx950_mfma_16x16x128_w4_k1 heuristic:m<=16");
}

TEST(MxHipChoice, UsesWhatItMay) {
  const auto usable = std::make_unique<bool[]>(gemm::variants().size());
  const select::Usable nothing(usable.get(), gemm::variants().size());
  const Device device = device_profile("mi355x").value();
  EXPECT_EQ(gemm::hip::choose(gemm::op(), {8, 1024, 1024}, device, nothing).variant, -1);
  const int older = gemm::op().find("gfx942_mfma_16x16x128_w8_k1");
  usable[static_cast<size_t>(older)] = true;
  EXPECT_EQ(gemm::hip::choose(gemm::op(), {8, 1024, 1024}, device, nothing).variant, older)
      << "a build without gfx950's own kernels";
}

TEST(MxHipSupports, LimitsAreNamed) {
  const Device device = device_profile("mi300x").value();
  const auto reason = [&](const char* name, const gemm::Problem& problem) {
    const auto& variant = gemm::variants()[static_cast<size_t>(gemm::op().find(name))];
    return variant.supports(variant.config, gemm::to_select(problem), device).reason;
  };
  EXPECT_EQ(reason("gfx942_mfma_16x16x128_w4_k1", {1, 16, 96}),
            "k = 96, must be a multiple of 128");
  EXPECT_EQ(reason("gfx942_mfma_16x16x128_w4_k4", {1, 16, 384}),
            "4 workgroups share k: needs at least 512");
  EXPECT_EQ(reason("gfx942_mfma_16x16x128_w4_k1", {1, 16, 29360256}),
            "k = 29360256, at most 29360128");
  EXPECT_EQ(reason("gfx942_gemv_w4", {1, 67108861, 32}), "n = 67108861, at most 67108860");
  EXPECT_EQ(reason("gfx942_gemv_w1", {1048561, 16, 32}), "m = 1048561, at most 1048560");
  EXPECT_EQ(reason("gfx942_mfma_64x32x128_w4_k2", {65536, 16, 256}), "m = 65536, at most 65535");
  EXPECT_EQ(reason("gfx942_simple", {1, 16, 32}), "");
}

}  // namespace
}  // namespace octet
