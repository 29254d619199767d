// The work of a grouped GEMM on a GPU in the terms of the cost model, for tokens that choose their
// experts at random.
#pragma once

#include "src/ops/gemm_grouped/problem.h"
#include "src/select/gemm_cost.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped::cuda {

/// Tiles of `block_m` slots that all experts have together, on average.
double expected_tiles(const Problem& problem, int block_m);

select::CostTerms cost_terms(const Problem& problem, const select::Tile& tile, int cu_num);

}  // namespace octet::ops::gemm_grouped::cuda
