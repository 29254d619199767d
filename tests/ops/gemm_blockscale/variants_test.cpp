// Every CPU variant that runs on this machine, over edge shapes, formats and inputs, before the
// judge.
#include <gtest/gtest.h>

#include "device/scoped_env.h"
#include "ops/gemm_blockscale/edge_shapes.h"
#include "src/harness/measure/bench.h"
#include "src/select/choose.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;
using testing_env::ScopedEnv;
using testing_gemm::check_shapes;
using testing_gemm::edge_shapes;
using testing_gemm::larger_shapes;

std::vector<int> cpu_variants() {
  std::vector<int> indices;
  for (size_t i = 0; i < gemm::variants().size(); ++i) {
    if (is_cpu(gemm::variants()[i].arch)) indices.push_back(static_cast<int>(i));
  }
  return indices;
}

const select::Variant& variant_at(int index) {
  return gemm::variants()[static_cast<size_t>(index)];
}

/// check_variant, or kUnsupported where the variant does not run the problem on the stream.
Result<harness::CheckReport> check(int variant, const select::Problem& problem,
                                   harness::Inputs inputs, uint64_t seed, Stream& stream) {
  const auto support = select::can_run(gemm::op(), variant, problem, stream.device(), true);
  if (!support.ok) return Status(StatusCode::kUnsupported, support.reason);
  return harness::check_variant(gemm::op(), variant, problem, inputs, seed, stream);
}

class EveryVariant : public testing::TestWithParam<int> {};

TEST_P(EveryVariant, IsRightOnEdgeShapes) {
  const int index = GetParam();
  Stream stream = Stream::cpu(2).value();
  if (!arch_runs(stream.device().arch, variant_at(index).arch)) {
    GTEST_SKIP() << "this machine has no " << arch_name(variant_at(index).arch);
  }
  const auto on = [&](Stream& s) {
    return [&](const select::Problem& problem, harness::Inputs inputs, uint64_t seed) {
      return check(index, problem, inputs, seed, s);
    };
  };
  const int small = check_shapes(edge_shapes(), on(stream));
  Stream odd = Stream::cpu(3).value();
  const int large = check_shapes(larger_shapes(), on(odd));
  if (small + large == 0) GTEST_SKIP() << "this machine runs it on no shape";
}

std::string test_name(const testing::TestParamInfo<int>& info) {
  std::string name = variant_at(info.param).name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cpu, EveryVariant, testing::ValuesIn(cpu_variants()), test_name);

TEST(EveryTier, RunsItsChainAndNothingAbove) {
  const Arch highest = Stream::cpu(1).value().device().arch;
  for (const Arch tier : arch_chain(highest)) {
    const std::string name(arch_name(tier));
    SCOPED_TRACE(name);
    const ScopedEnv forced("OCTET_CPU_ARCH", name.c_str());
    Stream stream = Stream::cpu(2).value();
    const select::Problem problem = gemm::to_select({3, 40, 256});
    const std::vector<int> runnable = harness::runnable(gemm::op(), problem, stream.device());
    ASSERT_GE(runnable.size(), 2u) << "the portable kernel and the reference run on every tier";
    for (const int index : runnable) {
      EXPECT_TRUE(arch_runs(tier, variant_at(index).arch)) << variant_at(index).name;
      const auto report = check(index, problem, harness::Inputs::kRandom, 2, stream);
      ASSERT_TRUE(report.ok()) << report.status().message();
      EXPECT_TRUE(report->ok()) << variant_at(index).name << ": " << report->failure;
    }
    EXPECT_EQ(variant_at(runnable.back()).name, "generic_ref") << "the reference is last";
  }
}

TEST(EveryTier, ChoosesAVariantForEveryShapeAndFormat) {
  const select::TunedTables no_tables;
  const Arch highest = Stream::cpu(1).value().device().arch;
  for (const Arch tier : arch_chain(highest)) {
    const Device device = device_profile(arch_name(tier)).value();
    for (const auto& shape : edge_shapes()) {
      for (uint32_t format = 0; format < gemm::kNumFormats; ++format) {
        const select::Problem problem{&gemm::schema(), format, {shape.m, shape.n, shape.k}};
        const auto choice = select::choose(gemm::op(), problem, device, no_tables);
        ASSERT_TRUE(choice.ok()) << choice.status().message();
        if (shape.m == 0 || shape.n == 0) continue;  // nothing runs, whatever is chosen
        EXPECT_NE(variant_at(choice->variant).name, "generic_ref")
            << select::to_string(problem) << " on " << arch_name(tier);
      }
    }
  }
}

}  // namespace
}  // namespace octet
