// Runs a CPU kernel on the threads of a stream.
#pragma once

#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"
#include "src/cpu/kernel.h"
#include "src/select/variant.h"

namespace octet::cpu {

/// The decode tables of e4m3fn, e4m3fnuz or e5m2.
const CodeTable& code_table(DType kind);

/// kBf16, kF16 or kF32.
Output output_of(DType dtype);

/// Prepare, meet, compute: each thread takes an equal range of units. `task.shared` is set here.
Status run(const Kernel& kernel, Task task, select::Workspace workspace, Stream& stream);

/// `sizes`: a task with the problem's sizes and no data.
int64_t workspace_bytes(const Kernel& kernel, const Task& sizes, int threads);

}  // namespace octet::cpu
