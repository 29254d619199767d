// The AMX kernels on emulated tiles before the judge: on machines without AMX too.
#include <gtest/gtest.h>

#include "ops/gemm_grouped/edge_problems.h"
#include "src/ops/gemm_grouped/cpu/launch.h"
#include "src/ops/gemm_grouped/cpu/x86_amx_experts.h"

#ifdef OCTET_HAVE_AMX_EMULATED

namespace octet {
namespace {

namespace gemm = ops::gemm_grouped;
using namespace testing_grouped;  // NOLINT: the vocabulary of this file
using harness::CheckReport;
using harness::Inputs;

TEST(AmxExpertsEmulated, AreRight) {
  Stream stream = Stream::cpu(2).value();
  if (!arch_runs(stream.device().arch, Arch::kX86Avx512) || !stream.device().has_avx512_bf16) {
    GTEST_SKIP() << "the emulation needs avx512 with vbmi and bf16";
  }
  const harness::Launch launch = [](const void* args, select::Workspace workspace, Stream& s) {
    const auto& a = *static_cast<const GemmGroupedArgs*>(args);
    const gemm::Format format = gemm::problem_of(a).format;
    return gemm::host::run(gemm::x86_amx_experts_emulated(0, format), a, workspace, s);
  };
  const auto check = [&](const Problem& problem, Inputs inputs, uint64_t seed,
                         RoutingKind kind) -> Result<CheckReport> {
    auto instance = harness::make_grouped_check(problem, stream, {inputs, seed}, kind);
    if (!instance.ok()) return instance.status();
    const gemm::Steps steps = gemm::x86_amx_experts_emulated(0, problem.format);
    const int64_t bytes = gemm::host::workspace_bytes(steps, problem, 2);
    return (*instance)->check(launch, {stream.workspace(bytes).value(), bytes}, stream);
  };
  std::vector<Problem> problems = edge_problems();
  problems.push_back({150, 48, 256, 1, 1});  // past the last step
  EXPECT_GE(check_problems(problems, check), static_cast<int>(problems.size()) * 24);
}

}  // namespace
}  // namespace octet

#endif
