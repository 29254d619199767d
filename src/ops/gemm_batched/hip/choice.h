// What runs on an AMD GPU where no tuned row fits. Nothing has been measured there, so it follows
// from sizes alone: tiles as high as tokens fill, and enough of them for every compute unit.
#pragma once

#include "src/ops/gemm_batched/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_batched::hip {

select::HeuristicChoice choose(const select::Op& op, const Problem& problem, const Device& device,
                               select::Usable usable);

}  // namespace octet::ops::gemm_batched::hip
