// What moe_reduce is asked for: refusals, and the task of a legal call.
#pragma once

#include "octet/moe_reduce.h"
#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce {

/// kInvalidArgument names argument, value and limit. Expert ids are not looked at.
Result<Task> validate(const MoeReduceArgs& args);

}  // namespace octet::ops::moe_reduce
