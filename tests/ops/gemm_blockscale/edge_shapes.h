// Shapes at which tiles, panels and blocks end in the middle, and checks of a kernel over them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "src/harness/case.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::testing_gemm {

struct Shape {
  int64_t m, n, k;
};

/// Small ones: m around tiles of 1 to 64 tokens, n no multiple of 16, 32 or 128, k of 1 to 5
/// blocks.
inline std::vector<Shape> edge_shapes() {
  std::vector<Shape> shapes;
  for (const int64_t m : {0, 1, 2, 3, 4, 8, 9, 16, 17, 33, 65}) {
    shapes.push_back({m, 1, 128});
    shapes.push_back({m, 67, 384});
    shapes.push_back({m, 145, m > 16 ? 128 : 640});
  }
  for (const int64_t n : {0, 15, 16, 31, 32, 33, 128, 129, 257}) shapes.push_back({5, n, 256});
  return shapes;
}

/// Few but larger: more than one block of 512 tokens or 512 columns, long k.
inline std::vector<Shape> larger_shapes() {
  return {{530, 33, 128}, {130, 70, 384}, {18, 550, 256}, {1, 600, 1152}, {16, 48, 4480}};
}

/// One check of a kernel on a problem.
using Check = std::function<Result<harness::CheckReport>(const select::Problem&, harness::Inputs,
                                                         uint64_t seed)>;

inline std::string describe(const select::Problem& problem, harness::Inputs inputs, uint64_t seed) {
  return select::to_string(problem) + ", inputs " + std::to_string(static_cast<int>(inputs)) +
         ", seed " + std::to_string(seed);
}

/// Random inputs in every format; exact and NaN inputs in formats that change from shape to shape.
/// Returns the number of checks.
inline int check_shapes(const std::vector<Shape>& shapes, const Check& check) {
  using ops::gemm_blockscale::kNumFormats;
  uint64_t seed = 1;
  int checks = 0;
  for (const Shape& shape : shapes) {
    for (uint32_t format = 0; format < kNumFormats; ++format) {
      const select::Problem problem{
          &ops::gemm_blockscale::schema(), format, {shape.m, shape.n, shape.k}};
      std::vector<harness::Inputs> kinds{harness::Inputs::kRandom};
      if (format % 4 == seed % 4) kinds.push_back(harness::Inputs::kExact);
      if (format % 4 == (seed + 1) % 4) kinds.push_back(harness::Inputs::kNan);
      for (const harness::Inputs inputs : kinds) {
        const auto report = check(problem, inputs, seed);
        if (!report.ok() && report.status().code() == StatusCode::kUnsupported) continue;
        EXPECT_TRUE(report.ok()) << report.status().message();
        if (report.ok()) {
          EXPECT_TRUE(report->ok()) << describe(problem, inputs, seed) << ": " << report->failure;
          EXPECT_EQ(report->elements, shape.m * shape.n) << describe(problem, inputs, seed);
        }
        ++checks;
        if (testing::Test::HasFailure()) return checks;
      }
    }
    ++seed;
  }
  return checks;
}

}  // namespace octet::testing_gemm
