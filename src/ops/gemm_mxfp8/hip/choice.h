// What runs on an AMD GPU where no tuned row fits. Nothing has been measured there, so it follows
// from sizes alone: as few rows of products as hold m, and enough workgroups for every compute
// unit.
#pragma once

#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_mxfp8::hip {

select::HeuristicChoice choose(const select::Op& op, const Problem& problem, const Device& device,
                               select::Usable usable);

}  // namespace octet::ops::gemm_mxfp8::hip
