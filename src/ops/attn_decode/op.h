// The op as selection, tools and harness see it.
#pragma once

#include "octet/attn_decode.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/op.h"

namespace octet::ops::attn_decode {

const select::Op& op();

/// All variants, fastest first, reference last (variants.cpp).
std::span<const select::Variant> variants();

/// What runs where no tuned row fits, and how long it would take (heuristic.cpp).
select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable);
double predict_us(int variant, const select::Problem& problem, const Device& device);

/// The problem of a call, or kInvalidArgument (validate.cpp).
Result<Problem> validate(const AttnDecodeArgs& args);
Status validate_problem(const select::Problem& problem);
Status validate_split(int64_t split_tokens);

/// Of a call that reads and writes memory: no pointer that must be there is null.
Status check_pointers(const AttnDecodeArgs& args);

}  // namespace octet::ops::attn_decode
