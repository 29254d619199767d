// moe_align on a GPU: one launch of one cluster.
#pragma once

#include "octet/stream.h"
#include "src/ops/moe_align/slots.h"

namespace octet::ops::moe_align::cuda {

/// kUnsupported where this build has no sm90 kernels.
Status run(const Task& task, bool overlap_previous, Stream& stream);

}  // namespace octet::ops::moe_align::cuda
