// The AMX kernels on emulated tiles before the judge: on machines without AMX too.
#include <gtest/gtest.h>

#include "ops/gemm_mxfp8/edge_shapes.h"
#include "src/ops/gemm_mxfp8/cpu/task.h"
#include "src/ops/gemm_mxfp8/cpu/x86_amx_block.h"
#include "src/ops/gemm_mxfp8/cpu/x86_amx_gemv.h"
#include "src/ops/gemm_mxfp8/cpu/x86_amx_stream.h"

#ifdef OCTET_HAVE_AMX_EMULATED

namespace octet {
namespace {

namespace gemm = ops::gemm_mxfp8;

void check_kernel(const cpu::Kernel& kernel, int64_t max_tokens = 1024) {
  const testing_gemm::Tasks tasks{
      [](const select::Problem& problem) { return gemm::make_task(gemm::from(problem)); },
      [](const void* args) { return gemm::make_task(*static_cast<const GemmMxfp8Args*>(args)); }};
  for (const auto& shapes : {testing_mx::edge_shapes(), testing_mx::larger_shapes()}) {
    testing_gemm::expect_emulated_right(gemm::op(), kernel, tasks, shapes, max_tokens);
  }
}

class AmxBlockMxEmulated : public testing::TestWithParam<int> {};
TEST_P(AmxBlockMxEmulated, IsRight) { check_kernel(gemm::x86_amx_block_emulated(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Configs, AmxBlockMxEmulated,
                         testing::Range(0, static_cast<int>(gemm::X86AmxBlock::kConfigs.size())));

class AmxGemvMxEmulated : public testing::TestWithParam<int> {};
TEST_P(AmxGemvMxEmulated, IsRight) {
  check_kernel(gemm::x86_amx_gemv_emulated(GetParam()), 16);  // also what supports() refuses
}
INSTANTIATE_TEST_SUITE_P(Configs, AmxGemvMxEmulated,
                         testing::Range(0, static_cast<int>(gemm::X86AmxGemv::kConfigs.size())));

class AmxStreamMxEmulated : public testing::TestWithParam<int> {};
TEST_P(AmxStreamMxEmulated, IsRight) { check_kernel(gemm::x86_amx_stream_emulated(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Configs, AmxStreamMxEmulated,
                         testing::Range(0, static_cast<int>(gemm::X86AmxStream::kConfigs.size())));

}  // namespace
}  // namespace octet

#endif
