// The op as selection, tools and harness see it.
#pragma once

#include "octet/gemm_mxfp8.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_mxfp8 {

const select::Op& op();

/// All variants, fastest first, reference last (variants.cpp).
std::span<const select::Variant> variants();

/// Choice and prediction for what no table covers (heuristic.cpp).
select::HeuristicChoice heuristic(const select::Problem&, const Device&, select::Usable);
double predict_us(int variant, const select::Problem&, const Device&);

/// The problem of a call, or kInvalidArgument (op.cpp).
Result<Problem> validate(const GemmMxfp8Args& args);
Status validate_problem(const select::Problem& problem);

}  // namespace octet::ops::gemm_mxfp8
