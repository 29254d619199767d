// From results of an expert's rows to the rows of d that they belong to.
#pragma once

#include "src/cpu/kernel.h"

namespace octet::ops::gemm_grouped {

/// A block of results of one expert: rows x cols, column `first_col` of d on.
struct Scatter {
  const float* results;  // (rows, cols)
  int64_t rows, cols;
  const int32_t* choices;  // (rows): row of d
  const float* weights;    // by choice, or null
  void* d;
  int64_t d_stride, first_col;
  cpu::Output output;
};

/// Every result times its weight, rounded once.
void scatter(const Scatter& block);

}  // namespace octet::ops::gemm_grouped
