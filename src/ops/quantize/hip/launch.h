// quantize on an AMD GPU: picks the kernel of the formats and enqueues one launch.
#pragma once

#include "octet/stream.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize::hip {

/// kUnsupported says what the kernels or this build lack.
Status run(const Task& task, Stream& stream);

}  // namespace octet::ops::quantize::hip
