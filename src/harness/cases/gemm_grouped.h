// Operands of gemm_grouped, and the judge of its results.
#pragma once

#include <memory>

#include "octet/gemm_grouped.h"
#include "src/harness/cases/gemm_judge.h"
#include "src/harness/cases/grouped_routing.h"

namespace octet::harness {

/// Everything of one call but its slot list, in memory of the host.
struct GroupedOperands {
  ops::gemm_grouped::Problem problem;
  Buffer a, b, a_scale, b_scale, weights, d;
  GemmGroupedArgs args;
  GroupedRouting routing;
  uint64_t seed = 1;
};

/// Operands of a check: padded strides of rows and experts, unreadable pages behind operands,
/// canaries around d; the routing is of `kind`.
Result<GroupedOperands> make_check_operands(const ops::gemm_grouped::Problem&, const CaseOptions&,
                                            RoutingKind kind);

/// What the judge needs to know: the roundings of the dense op with these scales, one more for the
/// weight.
GemmSize gemm_size(const ops::gemm_grouped::Problem&);

/// Strides that the arguments of a problem are dense with, or padded.
GemmGroupedArgs grouped_args(const ops::gemm_grouped::Problem&, const GemmStrides& strides,
                             bool padded);

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
