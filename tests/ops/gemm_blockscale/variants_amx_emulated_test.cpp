// The AMX kernels on emulated tiles before the judge: on machines without AMX too.
#include <gtest/gtest.h>

#include "ops/gemm_blockscale/edge_shapes.h"
#include "src/ops/gemm_blockscale/cpu/launch.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_block.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_gemv.h"
#include "src/ops/gemm_blockscale/cpu/x86_amx_stream.h"

#ifdef OCTET_HAVE_AMX_EMULATED

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;

void check_kernel(const cpu::Kernel& kernel, int64_t max_tokens = 1024) {
  const testing_gemm::Tasks tasks{
      [](const select::Problem& problem) { return gemm::cpu::make_task(gemm::from(problem)); },
      [](const void* args) {
        return gemm::cpu::make_task(*static_cast<const GemmBlockscaleArgs*>(args));
      }};
  for (const auto& shapes : {testing_gemm::edge_shapes(), testing_gemm::larger_shapes()}) {
    testing_gemm::expect_emulated_right(gemm::op(), kernel, tasks, shapes, max_tokens);
  }
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
