// The op as selection, tools and harness see it.
#pragma once

#include "octet/gemm_grouped.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_grouped {

const select::Op& op();

/// All variants, fastest first, reference last (variants.cpp).
std::span<const select::Variant> variants();

/// Choice and prediction for what no table covers (heuristic.cpp).
select::HeuristicChoice heuristic(const select::Problem&, const Device&, select::Usable);
double predict_us(int variant, const select::Problem&, const Device&);

/// The problem of a call, or kInvalidArgument (op.cpp).
Result<Problem> validate(const GemmGroupedArgs& args);
/// The same of everything but the slot list.
Result<Problem> validate_operands(const GemmGroupedArgs& args);
Status validate_problem(const select::Problem& problem);

/// What slots are aligned to for a variant of this tile.
int64_t block_m_of(const select::Tile& tile);

}  // namespace octet::ops::gemm_grouped
