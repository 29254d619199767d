// The AMX kernels on emulated tiles before the judge: on machines without AMX too.
#include <gtest/gtest.h>

#include "ops/gemm_blockscale/edge_shapes.h"
#include "src/harness/cases/gemm_blockscale.h"
#include "src/ops/gemm_blockscale/cpu/launch.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_block.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_gemv.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_stream.h"

#ifdef OCTET_HAVE_AMX_EMULATED

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;
using testing_gemm::check_shapes;
using testing_gemm::edge_shapes;
using testing_gemm::larger_shapes;

/// Shapes times formats times inputs for one kernel of up to `max_tokens`.
void check_kernel(const gemm::cpu::Kernel& kernel, int64_t max_tokens = 1024) {
  Stream stream = Stream::cpu(2).value();
  if (!arch_runs(stream.device().arch, Arch::kX86Avx512) || !stream.device().has_avx512_bf16) {
    GTEST_SKIP() << "the emulation needs avx512 with vbmi and bf16";
  }
  const harness::Launch launch = [&](const void* args, select::Workspace workspace, Stream& s) {
    return gemm::cpu::run(kernel, *static_cast<const GemmBlockscaleArgs*>(args), workspace, s);
  };
  const auto check = [&](const select::Problem& problem, harness::Inputs inputs,
                         uint64_t seed) -> Result<harness::CheckReport> {
    if (problem.field[0] > max_tokens) return Status(StatusCode::kUnsupported, "too many tokens");
    auto instance = harness::make_gemm_blockscale(problem, stream, {inputs, seed});
    if (!instance.ok()) return instance.status();
    const int64_t bytes = gemm::cpu::workspace_bytes(kernel, gemm::from(problem), 2);
    return (*instance)->check(launch, {stream.workspace(bytes).value(), bytes}, stream);
  };
  EXPECT_GT(check_shapes(edge_shapes(), check), 500);
  EXPECT_GT(check_shapes(larger_shapes(), check), 30);
}

class AmxBlockEmulated : public testing::TestWithParam<int> {};
TEST_P(AmxBlockEmulated, IsRight) { check_kernel(gemm::x86_amx_block_emulated(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Configs, AmxBlockEmulated,
                         testing::Range(0, static_cast<int>(gemm::X86AmxBlock::kConfigs.size())));

class AmxGemvEmulated : public testing::TestWithParam<int> {};
TEST_P(AmxGemvEmulated, IsRight) {
  check_kernel(gemm::x86_amx_gemv_emulated(GetParam()), 16);  // also what supports() refuses
}
INSTANTIATE_TEST_SUITE_P(Configs, AmxGemvEmulated,
                         testing::Range(0, static_cast<int>(gemm::X86AmxGemv::kConfigs.size())));

class AmxStreamEmulated : public testing::TestWithParam<int> {};
TEST_P(AmxStreamEmulated, IsRight) { check_kernel(gemm::x86_amx_stream_emulated(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Configs, AmxStreamEmulated,
                         testing::Range(0, static_cast<int>(gemm::X86AmxStream::kConfigs.size())));

}  // namespace
}  // namespace octet

#endif
