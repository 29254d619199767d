// What moe_mxfp8 is asked for: refusals, and the sizes of a legal call.
#pragma once

#include "octet/moe_mxfp8.h"

namespace octet::ops::moe_mxfp8 {

struct Problem {
  int64_t tokens = 0, topk = 1;
  int64_t experts = 1;        // that ids count
  int64_t local_experts = 1;  // those of w1 and w2
  int64_t hidden = 0;         // d: columns of x and y
  int64_t inner = 0;          // I: columns of w2
  bool quantized = false;     // x is
  DType rows = DType::kBf16;  // of the second product

  int64_t choices() const { return tokens * topk; }
};

/// kInvalidArgument names argument, value and limit. Pointers are not looked at.
Result<Problem> validate(const MoeMxfp8Args& args);

/// What of the call's memory can be refused without a launch: null pointers, on a CPU the mask.
Status check_memory(const MoeMxfp8Args& args, const Problem& problem, bool on_gpu);

}  // namespace octet::ops::moe_mxfp8
