// moe_align on the CPU: a counting sort, stable because thread t takes choices before those of t
// + 1.
#pragma once

#include "octet/stream.h"
#include "src/ops/moe_align/slots.h"

namespace octet::ops::moe_align::cpu {

/// kInvalidArgument names the first id out of range; nothing is written then.
Status run(const Task& task, Stream& stream);

}  // namespace octet::ops::moe_align::cpu
