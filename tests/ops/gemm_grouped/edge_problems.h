// Problems at which tiles, pieces and steps of gemm_grouped end in the middle, and how a variant is
// put before the judge on all of them.
#pragma once

#include "ops/gemm_checks.h"
#include "src/harness/cases/gemm_grouped.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::testing_grouped {

using harness::RoutingKind;
using ops::gemm_grouped::Problem;

/// Sizes of rows around the steps of kernels; n around tiles and blocks of scales.
inline std::vector<Problem> edge_problems() {
  return {{0, 64, 128, 4, 2},   {1, 1, 128, 1, 1},    {1, 33, 256, 9, 4},   {3, 130, 128, 4, 3},
          {9, 257, 128, 1, 1},  {17, 40, 384, 3, 2},  {40, 129, 128, 2, 2}, {33, 96, 256, 30, 8},
          {130, 31, 128, 2, 1}, {20, 16, 128, 700, 4}};
}

/// Every format, k that ends within 128 where the format has it, all kinds of routing in turn.
template <class Run>
int check_problems(std::span<const Problem> problems, const Run& run) {
  uint64_t seed = 1;
  int checks = 0;
  for (const Problem& sizes : problems) {
    for (uint32_t format = 0; format < ops::gemm_grouped::kNumFormats; ++format, ++seed) {
      select::Problem problem = ops::gemm_grouped::to_select(sizes);
      problem.format = format;
      Problem p = ops::gemm_grouped::from(problem);
      if (p.format == ops::gemm_grouped::Format::kMxfp8 && seed % 2 == 0) p.k += 32 * (seed % 4);
      const auto inputs = testing_gemm::inputs_of(ops::gemm_grouped::op(), format, seed);
      const auto kind = static_cast<RoutingKind>(seed % harness::kNumRoutingKinds);
      for (const harness::Inputs which : inputs) {
        const auto report = run(p, which, seed, kind);
        const std::string where =
            testing_gemm::describe(ops::gemm_grouped::to_select(p), which, seed) + ", routing " +
            std::to_string(static_cast<int>(kind));
        EXPECT_TRUE(report.ok()) << where << ": " << report.status().message();
        if (report.ok()) {
          EXPECT_TRUE(report->ok()) << where << ": " << report->failure;
        }
        ++checks;
        if (testing::Test::HasFailure()) return checks;
      }
    }
  }
  return checks;
}

}  // namespace octet::testing_grouped
