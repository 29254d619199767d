// quantize on a GPU: picks the kernel of the formats and enqueues one launch.
#pragma once

#include "octet/stream.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize::cuda {

/// kUnsupported says what the kernels or this build lack.
Status run(const Task& task, bool overlap_previous, bool pass_at_once, Stream& stream);

}  // namespace octet::ops::quantize::cuda
