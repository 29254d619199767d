// Which dense kernel runs an expert: few rows stream its weights, many reuse what is decoded.
//
// Requires   plain data (src/cpu/kernel.h)
#pragma once

#include "src/cpu/kernel.h"

namespace octet::ops::gemm_grouped {

constexpr int64_t kAnyRows = INT64_MAX;

struct Step {
  int64_t max_rows;  // of an expert; ascending, the last kAnyRows
  cpu::Kernel kernel;
};

struct Steps {
  static constexpr int kMost = 5;
  Step step[kMost];
  int count;
};

}  // namespace octet::ops::gemm_grouped
