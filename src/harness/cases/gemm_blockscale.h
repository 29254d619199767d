// Operands of gemm_blockscale, and the judge of its results.
#pragma once

#include "octet/gemm_blockscale.h"
#include "src/harness/cases/gemm_judge.h"
#include "src/ops/gemm_blockscale/problem.h"

namespace octet::harness {

using GemmBlockscaleOperands = GemmOperands<GemmBlockscaleArgs, ops::gemm_blockscale::Problem>;

/// Operands of a check: padded strides, unreadable pages behind a and b, canaries around d, and
/// a_scale column-major for odd seeds.
Result<GemmBlockscaleOperands> make_check_operands(const ops::gemm_blockscale::Problem&,
                                                   const CaseOptions&);

/// What the judge needs to know: 128 roundings inside a block, k/128 over the blocks, 8 for scales
/// and products.
GemmSize gemm_size(const ops::gemm_blockscale::Problem&);

/// Compares the sampled elements of d with the double-precision reference; then the canaries.
CheckReport judge(const GemmBlockscaleOperands& operands, Inputs inputs, Stream& stream,
                  BlockSums sums = BlockSums::kFloat32);

Result<std::unique_ptr<Instance>> make_gemm_blockscale(const select::Problem&, Stream&,
                                                       const CaseOptions&);

}  // namespace octet::harness
