// The work of a problem in the terms of the cost model, and the fitted model of the CPU kernels.
#pragma once

#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/cost_model.h"

namespace octet::ops::gemm_blockscale {

/// Of one of the device's compute units: threads of a CPU, multiprocessors of a GPU.
select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile,
                             const Device& device);

/// data/cost/gemm_blockscale/, as built in.
const select::CostModel& cost_model();

}  // namespace octet::ops::gemm_blockscale
