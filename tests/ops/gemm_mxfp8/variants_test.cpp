// Every CPU variant that runs on this machine, over edge shapes, formats and inputs, before the
// judge.
#include <gtest/gtest.h>

#include "ops/gemm_mxfp8/edge_shapes.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_mxfp8;
using namespace testing_gemm;  // NOLINT: the vocabulary of this file
using testing_mx::edge_shapes;
using testing_mx::larger_shapes;

class EveryMxVariant : public testing::TestWithParam<int> {};

TEST_P(EveryMxVariant, IsRightOnEdgeShapes) {
  expect_variant_right(gemm::op(), GetParam(), edge_shapes(), larger_shapes());
}

INSTANTIATE_TEST_SUITE_P(Cpu, EveryMxVariant, testing::ValuesIn(cpu_variants(gemm::op())),
                         [](const auto& tested) { return test_name(gemm::op(), tested.param); });

TEST(EveryTierMx, RunsItsChainAndNothingAbove) {
  expect_tiers_run_their_chain(gemm::op(), gemm::to_select({3, 40, 288}));
}

TEST(EveryTierMx, ChoosesAVariantForEveryShapeAndFormat) {
  expect_every_shape_served(gemm::op(), edge_shapes());
}

}  // namespace
}  // namespace octet
