// Measurements chosen by hand, for the tests of compare and of its outputs.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/harness/compare/compare.h"

namespace octet::testing_compare {

using namespace octet::harness;

/// A measurement whose quartiles and repetitions lie `spread` on both sides of the median.
inline Measurement timed(double us, double spread = 0, int64_t m = 64) {
  Measurement row;
  row.op = "gemm_blockscale", row.format = "e4m3fn", row.device = "H200", row.arch = "sm90";
  row.cu_num = 132, row.problem = {{"m", m}, {"n", 512}, {"k", 256}};
  row.variant = "v1", row.why = "tuned:exact", row.policy = "cold";
  row.us = us, row.us_q1 = us - spread, row.us_q3 = us + spread;
  row.us_min = us - 2 * spread, row.us_max = us + 2 * spread;
  row.samples = 21, row.stable = true, row.bytes = 1e6, row.flops = 1e6, row.floor_us = 1;
  row.repetitions = {us - spread, us, us + spread};
  return row;
}

inline Results file(const std::string& path, std::vector<Measurement> rows) {
  return {path, Json{{"schema", 1}, {"env", path}, {"commit", "c1"}}, std::move(rows), {}};
}

inline Comparison compared(const Results& base, const Results& next,
                           const CompareOptions& options = {}) {
  auto comparison = compare(base, next, options);
  EXPECT_TRUE(comparison.ok()) << comparison.status().message();
  return comparison.ok() ? *comparison : Comparison{};
}

}  // namespace octet::testing_compare
