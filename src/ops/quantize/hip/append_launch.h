// kv_append on an AMD GPU: picks the kernel of the types and enqueues one launch.
#pragma once

#include "octet/stream.h"
#include "src/ops/quantize/append_task.h"

namespace octet::ops::quantize::hip {

/// `fault` as of KvAppendArgs. kUnsupported where this build has no kernels of the device.
Status append(const AppendTask& task, int32_t* fault, Stream& stream);

}  // namespace octet::ops::quantize::hip
