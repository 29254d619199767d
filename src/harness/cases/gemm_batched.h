// Operands of gemm_batched, and the judge of its results.
#pragma once

#include "octet/gemm_batched.h"
#include "src/harness/cases/gemm_judge.h"
#include "src/ops/gemm_batched/problem.h"

namespace octet::harness {

struct BatchedOperands {
  ops::gemm_batched::Problem problem;
  Buffer a, b, a_scale, b_scale, bias, d;
  GemmBatchedArgs args;
  uint64_t seed = 1;
  bool rows_outside = false;  // a and d are (m, batch, .) in memory, else (batch, m, .)
  int64_t spare_rows = 0;     // of d, behind those of each matrix

  int64_t memory_rows() const { return problem.batch * (problem.m + spare_rows); }  // of d
};

/// Operands of a check: padded strides, unreadable pages behind operands, canaries around d. Odd
/// seeds have a bias; of every four seeds two have a and d as (m, batch, .).
Result<BatchedOperands> make_check_operands(const ops::gemm_batched::Problem&, const CaseOptions&);

/// Dense operands but b; codes of a are to be set.
Result<BatchedOperands> make_timing_operands(const ops::gemm_batched::Problem&, const CaseOptions&);

/// The same without memory: scales alone have theirs, filled.
Result<BatchedOperands> make_timing_scales(const ops::gemm_batched::Problem&, const CaseOptions&);

/// Random elements of finite, usual values (batched_operands.cpp).
void fill_random_codes(uint64_t seed, DType dtype, const Buffer& memory);

/// Timing on a GPU: operands are made there.
Result<std::unique_ptr<Instance>> make_batched_device_timing(const ops::gemm_batched::Problem&,
                                                             Stream&, const CaseOptions&);

/// What the judge needs to know, of the rows of d as they lie in memory: 128 roundings inside runs
/// of 128 of k, one a run, 8 for scales, bias and values that are quantised inside.
GemmSize gemm_size(const BatchedOperands& operands);

/// Compares the sampled elements of d with the double-precision reference; then the canaries.
CheckReport judge(const BatchedOperands& operands, Inputs inputs, Stream& stream,
                  BlockSums sums = BlockSums::kFloat32);

Result<std::unique_ptr<Instance>> make_gemm_batched(const select::Problem&, Stream&,
                                                    const CaseOptions&);

}  // namespace octet::harness
