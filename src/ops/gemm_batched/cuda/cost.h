// The work of a batch of products for a kernel of the GPU, in the terms of the cost model.
#pragma once

#include "src/ops/gemm_batched/problem.h"
#include "src/select/gemm_cost.h"

namespace octet::ops::gemm_batched::cuda {

/// Weights in bytes, so that bf16 counts twice and e2m1 half, in memory and in the tensor core
/// alike.
select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile, int cu_num);

}  // namespace octet::ops::gemm_batched::cuda
