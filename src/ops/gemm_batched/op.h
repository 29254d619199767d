// The op as selection, tools and harness see it.
#pragma once

#include "octet/gemm_batched.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/op.h"

namespace octet::ops::gemm_batched {

const select::Op& op();

/// All variants, fastest first, reference last (variants.cpp).
std::span<const select::Variant> variants();

/// What runs where no tuned row fits, and how long it would take (heuristic.cpp).
select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable);
double predict_us(int variant, const select::Problem& problem, const Device& device);

/// The problem of a call, or kInvalidArgument (validate.cpp).
Result<Problem> validate(const GemmBatchedArgs& args);
Status validate_problem(const select::Problem& problem);

}  // namespace octet::ops::gemm_batched
