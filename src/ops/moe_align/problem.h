// What moe_align is asked for: refusals, and the task of a legal call.
#pragma once

#include "octet/moe_align.h"
#include "src/ops/moe_align/slots.h"

namespace octet::ops::moe_align {

/// kInvalidArgument names argument, value and limit. Expert ids are not looked at.
Result<Task> validate(const MoeAlignArgs& args);

}  // namespace octet::ops::moe_align
