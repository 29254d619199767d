// Every CPU variant that runs on this machine, over edge problems, formats and inputs, before the
// judge.
#include <gtest/gtest.h>

#include "ops/gemm_batched/edge_problems.h"
#include "ops/gemm_checks.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_batched;
using gemm::Problem;
using harness::Inputs;
using testing_batched::edge_problems;

class EveryBatchedVariant : public testing::TestWithParam<int> {};

/// Elements that the judge looked at.
int64_t expect_right(int variant, const select::Problem& problem, uint64_t seed, Stream& stream) {
  const auto check = testing_gemm::check_on(gemm::op(), variant, stream);
  int64_t elements = 0;
  for (const Inputs inputs : testing_gemm::inputs_of(gemm::op(), problem.format, seed)) {
    const auto report = check(problem, inputs, seed);
    EXPECT_TRUE(report.ok()) << report.status().message();
    if (!report.ok()) continue;
    EXPECT_TRUE(report->ok()) << testing_gemm::describe(problem, inputs, seed) << ": "
                              << report->failure;
    elements = report->elements;
  }
  return elements;
}

TEST_P(EveryBatchedVariant, IsRightOnEdgeProblems) {
  for (const int threads : {2, 3}) {
    Stream stream = Stream::cpu(threads).value();
    if (!select::can_run(gemm::op(), GetParam(), gemm::to_select({}), stream.device(), true).ok) {
      GTEST_SKIP() << "this machine does not run it";
    }
    auto seed = static_cast<uint64_t>(threads);
    for (const Problem& sizes : edge_problems()) {
      for (uint32_t format = 0; format < gemm::kNumFormats; ++format, ++seed) {
        select::Problem problem = gemm::to_select(sizes);
        problem.format = format;
        if (!gemm::op().validate(problem).ok()) continue;
        const int64_t elements = expect_right(GetParam(), problem, seed, stream);
        EXPECT_EQ(elements, sizes.batch * sizes.m * sizes.n) << select::to_string(problem);
        if (HasFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, EveryBatchedVariant,
                         testing::ValuesIn(testing_gemm::cpu_variants(gemm::op())),
                         [](const auto& tested) {
                           return testing_gemm::test_name(gemm::op(), tested.param);
                         });

TEST(EveryTierBatched, RunsItsChainAndNothingAbove) {
  testing_gemm::expect_tiers_run_their_chain(gemm::op(), gemm::to_select({3, 40, 288, 4}));
}

TEST(EveryTierBatched, ChoosesTheKernelOfItsTier) {
  const select::TunedTables no_tables;
  for (const Arch tier : arch_chain(Arch::kX86Amx)) {
    const Device device = device_profile(arch_name(tier)).value();
    for (uint32_t format = 0; format < gemm::kNumFormats; ++format) {
      select::Problem problem = gemm::to_select({16, 512, 128, 128});
      problem.format = format;
      const auto choice = select::choose(gemm::op(), problem, device, no_tables,
                                         {.variant = {}, .built_only = false});
      ASSERT_TRUE(choice.ok()) << choice.status().message();
      EXPECT_EQ(testing_gemm::variant_at(gemm::op(), choice->variant).name,
                gemm::op().fixed_default(tier));
    }
  }
}

}  // namespace
}  // namespace octet
