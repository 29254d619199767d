// What runs on an AMD GPU where no tuned row fits. Nothing has been measured there, so it follows
// from sizes alone: tiles of as few slots as hold the rows of an average expert, and enough
// workgroups for every compute unit.
#pragma once

#include "src/ops/gemm_grouped/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_grouped::hip {

select::HeuristicChoice choose(const select::Op& op, const Problem& problem, const Device& device,
                               select::Usable usable);

}  // namespace octet::ops::gemm_grouped::hip
