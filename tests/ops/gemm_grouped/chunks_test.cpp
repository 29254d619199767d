// Rounds hold every routed row once, and no chunk needs more than the workspace has, whatever the
// experts' numbers of rows.
#include "src/ops/gemm_grouped/cpu/chunks.h"

#include <gtest/gtest.h>

#include "ops/gemm_checks.h"
#include "src/ops/gemm_grouped/cpu/generic_experts.h"
#include "src/ops/gemm_grouped/cpu/task.h"
#include "src/ops/gemm_grouped/cpu/x86_amx_experts.h"
#include "src/ops/gemm_grouped/cpu/x86_avx2_experts.h"
#include "src/ops/gemm_grouped/cpu/x86_avx512_dpbf16_experts.h"
#include "src/ops/gemm_grouped/cpu/x86_avx512_experts.h"

namespace octet::ops::gemm_grouped {
namespace {

/// Of every kernel whose sizes this machine can work out.
std::vector<Steps> all_steps(Format format) {
  std::vector<Steps> all{GenericExperts::steps(0, format)};
  const Arch arch = cpu_device(1).value().arch;
  if (arch_runs(arch, Arch::kX86Avx2)) all.push_back(X86Avx2Experts::steps(0, format));
  if (!arch_runs(arch, Arch::kX86Avx512)) return all;
  all.push_back(X86Avx512Experts::steps(0, format));
  all.push_back(X86Avx512Dpbf16Experts::steps(0, format));
  all.push_back(X86Avx512Dpbf16Experts::steps(1, format));
  all.push_back(X86AmxExperts::steps(0, format));
  return all;
}

const cpu::Kernel& kernel_of(const Steps& steps, int64_t rows) {
  int i = 0;
  while (steps.step[i].max_rows < rows) ++i;
  return steps.step[i].kernel;
}

TEST(Chunks, EveryCountOfRowsFitsTheSpaceOfItsCall) {
  for (const Format format : {Format::kMxfp8, Format::kBlockscale}) {
    for (const Steps& steps : all_steps(format)) {
      for (const int64_t rows : {1, 5, 17, 100, 1000, 5000}) {
        const Problem problem{rows, 300, 384, 7, 1, 0, format};
        const Space space = space_of(steps, problem);
        for (int64_t m = 1; m <= std::min<int64_t>(rows, 1024); ++m) {
          const cpu::Task task = size_task(problem, m, problem.n);
          ASSERT_LE(kernel_of(steps, m).scratch_bytes(task), space.scratch) << m << " of " << rows;
          ASSERT_LE(kernel_of(steps, m).shared_bytes(task), space.prepared) << m << " of " << rows;
        }
      }
    }
  }
}

/// Experts with these numbers of rows, in a call of k = 96.
struct Call {
  explicit Call(const std::vector<int64_t>& rows_of_experts) {
    int64_t total = 0;
    for (const int64_t rows : rows_of_experts) {
      const auto expert = static_cast<int32_t>(routing.experts.size());
      routing.experts.push_back({expert, total, total + rows});
      total += rows;
    }
    const auto experts = static_cast<int64_t>(rows_of_experts.size());
    routing.choices.resize(static_cast<size_t>(total));
    args.tokens = total;
    args.a = {nullptr, DType::kE4m3fn, total, 96};
    args.a_scale = {nullptr, DType::kE8m0, total, 3};
    args.b = {nullptr, DType::kE4m3fn, experts, 64, 96};
    args.b_scale = {nullptr, DType::kE8m0, experts, 64, 3};
  }
  Routing routing;
  GemmGroupedArgs args;
};

TEST(Chunks, RoundsHoldEveryRowOnceAndShareNoMemory) {
  const std::vector<std::vector<int64_t>> patterns{
      {1}, {1024}, {1025}, {4000}, {1000, 100, 1}, {3, 2500, 40}, std::vector<int64_t>(300, 2)};
  for (const Steps& steps : all_steps(Format::kMxfp8)) {
    for (const std::vector<int64_t>& pattern : patterns) {
      const Call call(pattern);
      const Space space = space_of(steps, problem_of(call.args));
      std::vector<uint8_t> memory(static_cast<size_t>(space.bytes(1)));
      const uint8_t* prepared = memory.data() + space.codes + space.scales;
      int64_t next = 0;
      for (const Round& round : make_rounds(steps, call.args, call.routing, space, memory.data())) {
        EXPECT_LE(round.rows * 96, space.codes);
        int64_t rows = 0;
        const uint8_t* free = prepared;
        for (const Chunk& chunk : round.chunks) {
          EXPECT_EQ(chunk.begin, next);
          EXPECT_EQ(chunk.first_row, rows);
          EXPECT_EQ(chunk.task.a, memory.data() + rows * 96);
          EXPECT_GE(chunk.task.shared, free);
          free = chunk.task.shared + chunk.kernel->shared_bytes(chunk.task);
          EXPECT_LE(free, prepared + space.prepared);
          next = chunk.end();
          rows += chunk.task.m;
        }
        EXPECT_EQ(rows, round.rows);
      }
      EXPECT_EQ(next, call.args.tokens);
    }
  }
}

}  // namespace
}  // namespace octet::ops::gemm_grouped
