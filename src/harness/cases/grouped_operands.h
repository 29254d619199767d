// Operands of gemm_grouped in memory of the host.
#pragma once

#include "octet/gemm_grouped.h"
#include "src/harness/cases/gemm_operands.h"
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

/// Strides that the arguments of a problem are dense with, or padded.
GemmGroupedArgs grouped_args(const ops::gemm_grouped::Problem&, const GemmStrides& strides,
                             bool padded);

/// Scales of the format, for `inputs`.
void fill_grouped_scales(Random& random, ops::gemm_grouped::Format format, Inputs inputs,
                         const Buffer& scales);

}  // namespace octet::harness
