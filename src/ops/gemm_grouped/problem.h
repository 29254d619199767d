// The problem of gemm_grouped: its fields, its formats, and the work that it means.
#pragma once

#include <cstdint>

#include "octet/gemm_grouped.h"
#include "src/select/problem.h"

namespace octet::ops::gemm_grouped {

enum class Format : uint8_t { kMxfp8, kBlockscale };

struct Problem {
  int64_t tokens = 0, n = 0, k = 0, experts = 1, topk = 1;
  int64_t block_m = 0;  // 0: that of the variant
  Format format = Format::kMxfp8;
  DType d = DType::kBf16;
  bool per_token = false;  // a row of a for every token, which its choices share: a_div = topk
  bool weighted = false;

  int64_t rows() const { return tokens * topk; }
  /// Rows of a, or more where some choices of a token share one and others do not.
  int64_t a_rows() const { return per_token ? tokens : rows(); }
  /// Experts that have a token, where each token chooses `topk` of them at random.
  double active_experts() const;
  double flops() const { return 2.0 * rows() * n * k; }
  /// Bytes that must move once: weights and scales of active experts, a, d; the largest int64 where
  /// it would pass that.
  int64_t bytes() const;
  /// Codes and scales of one expert.
  int64_t expert_bytes() const;
  int64_t scale_block() const { return format == Format::kMxfp8 ? 32 : 128; }  // of k
  int64_t num_k_blocks() const { return k / scale_block(); }
};

/// Formats: 2 kinds of scales, 3 types of d, rows of a for choices or shared, without and with
/// weights.
inline constexpr uint32_t kNumFormats = 24;

const select::OpSchema& schema();

/// Of legal arguments.
Problem problem_of(const GemmGroupedArgs& args);
Problem from(const select::Problem& problem);
select::Problem to_select(const Problem& problem);

}  // namespace octet::ops::gemm_grouped
