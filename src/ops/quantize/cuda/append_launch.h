// kv_append on a GPU: one launch.
#pragma once

#include "octet/stream.h"
#include "src/ops/quantize/append_task.h"

namespace octet::ops::quantize::cuda {

/// kUnsupported where this build has no sm90 kernels.
Status append(const AppendTask& task, int32_t* fault, bool overlap_previous, Stream& stream);

}  // namespace octet::ops::quantize::cuda
