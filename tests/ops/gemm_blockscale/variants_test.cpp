// Every CPU variant that runs on this machine, over edge shapes, formats and inputs, before the
// judge.
#include <gtest/gtest.h>

#include "ops/gemm_blockscale/edge_shapes.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_gemv.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;
using namespace testing_gemm;  // NOLINT: the vocabulary of this file

class EveryVariant : public testing::TestWithParam<int> {};

TEST_P(EveryVariant, IsRightOnEdgeShapes) {
  expect_variant_right(gemm::op(), GetParam(), edge_shapes(), larger_shapes());
}

INSTANTIATE_TEST_SUITE_P(Cpu, EveryVariant, testing::ValuesIn(cpu_variants(gemm::op())),
                         [](const auto& tested) { return test_name(gemm::op(), tested.param); });

TEST(EveryTier, RunsItsChainAndNothingAbove) {
  expect_tiers_run_their_chain(gemm::op(), gemm::to_select({3, 40, 256}));
}

TEST(EveryTier, ChoosesAVariantForEveryShapeAndFormat) {
  expect_every_shape_served(gemm::op(), edge_shapes());
}

TEST(AmxGemv, RefusesManyTokensAndInOnePlaceAlsoPackedWeights) {
  using gemm::X86AmxGemv;
  const Device device = device_profile("x86_amx:2").value();
  const auto support = [&](int streams, int64_t m, bool b_packed) {
    gemm::Problem problem{m, 64, 256};
    problem.b_packed = b_packed;
    return X86AmxGemv::supports({streams}, problem, device);
  };
  EXPECT_TRUE(support(1, 4, false).ok);
  EXPECT_TRUE(support(8, 4, false).ok);
  EXPECT_TRUE(support(8, 4, true).ok);
  EXPECT_EQ(support(8, 5, true).reason, "m = 5, for at most 4 tokens");
  EXPECT_EQ(support(1, 1, true).reason, "b is packed: with streams = 1 for row-major b only");
}

}  // namespace
}  // namespace octet
