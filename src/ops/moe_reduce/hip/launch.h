// moe_reduce on an AMD GPU: one launch.
#pragma once

#include "octet/stream.h"
#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce::hip {

/// kUnsupported where this build has no kernels of the device.
Status run(const Task& task, Stream& stream);

}  // namespace octet::ops::moe_reduce::hip
