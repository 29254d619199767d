// What quantize is asked for: refusals, and the task of a legal call.
#pragma once

#include "octet/quantize.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize {

/// kInvalidArgument names argument, value and limit.
Result<Task> validate(const QuantizeArgs& args);

}  // namespace octet::ops::quantize
