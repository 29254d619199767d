// How the kernels of the GPU are launched: a contract says which kernel and how many blocks; this
// checks addresses, fills in the parameters and enqueues.
#pragma once

#include "octet/attn_decode.h"
#include "src/device/gpu_queue.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode::cuda {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;
  int row_blocks = 1;   // of each KV head
  int least_units = 0;  // 0: no work is shared, nor memory needed
};

/// Enqueues. kInvalidArgument where an address or stride is not what the kernel's copies need.
Status run(const LaunchPlan& plan, const AttnDecodeArgs& args, select::Workspace workspace,
           Stream& stream);

}  // namespace octet::ops::attn_decode::cuda
