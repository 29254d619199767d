// Operands of gemm_mxfp8, and the judge of its results.
#pragma once

#include "octet/gemm_mxfp8.h"
#include "src/harness/cases/gemm_judge.h"
#include "src/ops/gemm_mxfp8/problem.h"

namespace octet::harness {

using GemmMxfp8Operands = GemmOperands<GemmMxfp8Args, ops::gemm_mxfp8::Problem>;

/// Operands of a check: padded strides, unreadable pages behind operands, canaries around d, and
/// padded rows of scales for odd seeds.
Result<GemmMxfp8Operands> make_check_operands(const ops::gemm_mxfp8::Problem&, const CaseOptions&);

/// What the judge needs to know: 128 roundings inside runs of 128 of k, k/32 over the blocks, 8 for
/// the rest; every product may underflow.
GemmSize gemm_size(const ops::gemm_mxfp8::Problem&);

/// Compares the sampled elements of d with the double-precision reference; then the canaries.
CheckReport judge(const GemmMxfp8Operands& operands, Inputs inputs, Stream& stream,
                  BlockSums sums = BlockSums::kFloat32);

Result<std::unique_ptr<Instance>> make_gemm_mxfp8(const select::Problem&, Stream&,
                                                  const CaseOptions&);

}  // namespace octet::harness
