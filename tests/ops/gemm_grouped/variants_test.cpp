// Every CPU variant that runs on this machine, over edge problems, formats, inputs and kinds of
// routing, before the judge.
#include <gtest/gtest.h>

#include "ops/gemm_grouped/edge_problems.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_grouped;
using namespace testing_grouped;  // NOLINT: the vocabulary of this file
using harness::CheckReport;
using harness::Inputs;

class EveryGroupedVariant : public testing::TestWithParam<int> {
 protected:
  Result<CheckReport> check(const Problem& problem, Inputs inputs, uint64_t seed, RoutingKind kind,
                            Stream& stream) const {
    auto instance = harness::make_grouped_check(problem, stream, {inputs, seed}, kind);
    if (!instance.ok()) return instance.status();
    const auto workspace =
        harness::workspace_of(gemm::op(), GetParam(), gemm::to_select(problem), stream);
    if (!workspace.ok()) return workspace.status();
    return (*instance)->check(harness::launch_of(gemm::op(), GetParam()), *workspace, stream);
  }
};

TEST_P(EveryGroupedVariant, IsRightOnEdgeProblems) {
  for (const int threads : {2, 3}) {
    Stream stream = Stream::cpu(threads).value();
    const auto& variant = testing_gemm::variant_at(gemm::op(), GetParam());
    if (!select::can_run(gemm::op(), GetParam(), gemm::to_select({}), stream.device(), true).ok) {
      GTEST_SKIP() << "this machine does not run " << variant.name;
    }
    const std::vector<Problem> problems = edge_problems();
    check_problems(
        problems, [&](const Problem& problem, Inputs inputs, uint64_t seed, RoutingKind kind) {
          return check(problem, inputs, seed + static_cast<uint64_t>(threads), kind, stream);
        });
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, EveryGroupedVariant,
                         testing::ValuesIn(testing_gemm::cpu_variants(gemm::op())),
                         [](const auto& tested) {
                           return testing_gemm::test_name(gemm::op(), tested.param);
                         });

TEST(EveryTierGrouped, RunsItsChainAndNothingAbove) {
  testing_gemm::expect_tiers_run_their_chain(gemm::op(), gemm::to_select({3, 40, 288, 5, 2}));
}

TEST(EveryTierGrouped, ChoosesAKernelForEveryProblemAndFormat) {
  const select::TunedTables no_tables;
  for (const Arch tier : arch_chain(Arch::kX86Amx)) {
    const Device device = device_profile(arch_name(tier)).value();
    for (const Problem& sizes : edge_problems()) {
      for (uint32_t format = 0; format < gemm::kNumFormats; ++format) {
        select::Problem problem = gemm::to_select(sizes);
        problem.format = format;
        const auto choice = select::choose(gemm::op(), problem, device, no_tables,
                                           {.variant = {}, .built_only = false});
        ASSERT_TRUE(choice.ok()) << choice.status().message();
        const std::string name = testing_gemm::variant_at(gemm::op(), choice->variant).name;
        EXPECT_TRUE(name.starts_with(tier == Arch::kX86Amx ? "x86_amx" : arch_name(tier))) << name;
      }
    }
  }
}

}  // namespace
}  // namespace octet
