// The problem of gemm_mxfp8: its fields, its formats, and the work that it means.
#pragma once

#include <cstdint>

#include "octet/gemm_mxfp8.h"
#include "src/select/problem.h"

namespace octet::ops::gemm_mxfp8 {

inline constexpr int64_t kScaleBlock = 32;  // of k, for both operands

struct Problem {
  int64_t m = 0, n = 0, k = 0;
  DType d = DType::kBf16;

  double flops() const { return 2.0 * m * n * k; }
  /// Bytes that must move once: a, b, scales, d; the largest int64 where it would pass that.
  int64_t bytes() const;
  int64_t num_k_blocks() const { return k / kScaleBlock; }
};

/// Formats: 3 types of d.
inline constexpr uint32_t kNumFormats = 3;

const select::OpSchema& schema();

/// Of legal arguments.
Problem problem_of(const GemmMxfp8Args& args);
Problem from(const select::Problem& problem);
select::Problem to_select(const Problem& problem);

}  // namespace octet::ops::gemm_mxfp8
