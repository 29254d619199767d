// What kv_append is asked for: refusals, and the task of a legal call.
#pragma once

#include "octet/kv_append.h"
#include "src/ops/quantize/append_task.h"

namespace octet::ops::quantize {

/// kInvalidArgument names argument, value and limit. tokens is 0 where there is nothing to do.
Result<AppendTask> validate(const KvAppendArgs& args);

/// Of a task whose operands are on this host: the place of every token. kInvalidArgument for slots,
/// lengths and page ids that are out of range.
Status find_places(const AppendTask& task, Place* places);

/// The same of scales that are given.
Status check_given_scales(const AppendTask& task);

}  // namespace octet::ops::quantize
