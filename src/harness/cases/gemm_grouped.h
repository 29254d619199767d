// The case of gemm_grouped: the judge of its results, checks and timings.
#pragma once

#include <memory>

#include "src/harness/cases/gemm_judge.h"
#include "src/harness/cases/grouped_operands.h"

namespace octet::harness {

/// What the judge needs to know: the roundings of the dense op with these scales, one more for the
/// weight.
GemmSize gemm_size(const ops::gemm_grouped::Problem&);

/// Compares the sampled elements of the routed rows of d with the double-precision reference; all
/// other rows and the canaries must be untouched.
CheckReport judge(const GroupedOperands& operands, Inputs inputs, Stream& stream,
                  BlockSums sums = BlockSums::kFloat32);

Result<std::unique_ptr<Instance>> make_gemm_grouped(const select::Problem&, Stream&,
                                                    const CaseOptions&);

/// A check on operands of one kind of routing.
Result<std::unique_ptr<Instance>> make_grouped_check(const ops::gemm_grouped::Problem&, Stream&,
                                                     const CaseOptions&, RoutingKind kind);

/// Operands for timing (grouped_timing.cpp).
Result<std::unique_ptr<Instance>> make_grouped_timing(const ops::gemm_grouped::Problem&, Stream&,
                                                      const CaseOptions&);

}  // namespace octet::harness
