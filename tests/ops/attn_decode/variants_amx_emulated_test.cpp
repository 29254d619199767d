// The AMX kernel on emulated tiles before the judge: on machines without AMX too.
#include <gtest/gtest.h>

#include "src/harness/case.h"
#include "src/ops/attn_decode/cpu/launch.h"
#include "src/ops/attn_decode/cpu/x86_amx_split.h"
#include "src/ops/attn_decode/op.h"

#ifdef OCTET_HAVE_AMX_EMULATED

namespace octet::ops::attn_decode {
namespace {

/// batch, query heads, KV heads, dim, context, query tokens
constexpr std::array<std::array<int64_t, 6>, 12> kShapes{{{1, 1, 1, 16, 0, 1},
                                                          {2, 8, 1, 64, 33, 1},
                                                          {3, 2, 1, 24, 15, 2},
                                                          {2, 16, 1, 128, 65, 1},
                                                          {1, 29, 1, 40, 130, 3},
                                                          {2, 12, 3, 96, 64, 8},
                                                          {1, 4, 2, 256, 257, 4},
                                                          {1, 71, 1, 64, 90, 1},
                                                          {1, 16, 2, 128, 513, 1},
                                                          {2, 6, 3, 80, 1025, 2},
                                                          {1, 128, 1, 512, 70, 1},
                                                          {2, 5, 1, 504, 90, 1}}};

Result<harness::CheckReport> check(const select::Problem& problem, harness::Inputs inputs,
                                   uint64_t seed, Stream& stream) {
  const harness::Launch launch = [](const void* args, select::Workspace workspace, Stream& s) {
    return run(x86_amx_split_emulated(), kSplitTokens, *static_cast<const AttnDecodeArgs*>(args),
               workspace, s);
  };
  auto instance = harness::case_of(op()).make(problem, stream, {inputs, seed});
  if (!instance.ok()) return instance.status();
  const int64_t bytes = workspace_bytes(from(problem), stream.device().cu_num);
  return (*instance)->check(launch, {stream.workspace(bytes).value(), bytes}, stream);
}

TEST(AmxSplitEmulated, IsRight) {
  Stream stream = Stream::cpu(2).value();
  if (!arch_runs(stream.device().arch, Arch::kX86Avx512) || !stream.device().has_avx512_bf16) {
    GTEST_SKIP() << "the emulation needs avx512 with vbmi and bf16";
  }
  uint64_t seed = 1;
  for (const auto& [batch, q_heads, kv_heads, dim, context, q_tokens] : kShapes) {
    for (uint32_t format = 0; format < kNumFormats; ++format) {
      Problem problem =
          from({&schema(), format, {batch, q_heads, kv_heads, dim, context, q_tokens}});
      if (problem.q != DType::kBf16) continue;
      for (const harness::Inputs inputs : harness::case_of(op()).inputs) {
        const auto report = check(to_select(problem), inputs, ++seed, stream);
        ASSERT_TRUE(report.ok()) << report.status().message();
        ASSERT_TRUE(report->ok()) << select::to_string(to_select(problem)) << ", inputs "
                                  << static_cast<int>(inputs) << ", seed " << seed << ": "
                                  << report->failure;
        EXPECT_GE(report->elements, batch * q_tokens * q_heads);
      }
    }
  }
}

}  // namespace
}  // namespace octet::ops::attn_decode

#endif
