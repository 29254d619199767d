// The op as selection, tools and harness see it.
#pragma once

#include "octet/gemm_blockscale.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_blockscale {

const select::Op& op();

/// All variants, fastest first, reference last (variants.cpp).
std::span<const select::Variant> variants();

/// Choice and prediction for what no table covers (heuristic.cpp).
select::HeuristicChoice heuristic(const select::Problem&, const Device&, select::Usable);
double predict_us(int variant, const select::Problem&, const Device&);

/// The problem of a call, or kInvalidArgument (op.cpp).
Result<Problem> validate(const GemmBlockscaleArgs& args);
Status validate_problem(const select::Problem& problem);

}  // namespace octet::ops::gemm_blockscale
