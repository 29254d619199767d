// The problem of gemm_blockscale: its fields, its formats, and the work that it means.
#pragma once

#include <cstdint>
#include <string>

#include "octet/gemm_blockscale.h"
#include "octet/tensor.h"
#include "src/select/problem.h"

namespace octet::ops::gemm_blockscale {

struct Problem {
  int64_t m = 0, n = 0, k = 0;
  DType ab = DType::kE4m3fn;  // kind of a and b
  DType d = DType::kBf16;
  bool b_packed = false;

  double flops() const { return 2.0 * m * n * k; }
  /// Bytes that must move once: a, b, scales, d; the largest int64 where it would pass that.
  int64_t bytes() const;
  int64_t num_k_blocks() const { return k / 128; }
};

/// Formats: 2 kinds of a and b, 3 types of d, 2 layouts of b.
inline constexpr uint32_t kNumFormats = 12;

const select::OpSchema& schema();

/// Of legal arguments.
Problem problem_of(const GemmBlockscaleArgs& args);
Problem from(const select::Problem& problem);
select::Problem to_select(const Problem& problem);

}  // namespace octet::ops::gemm_blockscale
