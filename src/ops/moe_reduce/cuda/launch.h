// moe_reduce on a GPU: one launch.
#pragma once

#include "octet/stream.h"
#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce::cuda {

/// kUnsupported where this build has no sm90 kernels.
Status run(const Task& task, bool overlap_previous, bool ids_are_older, Stream& stream);

}  // namespace octet::ops::moe_reduce::cuda
