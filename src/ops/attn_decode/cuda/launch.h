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
  const gpu::Kernel* box_kernel = nullptr;  // for caches that tensor maps describe
  gpu::LaunchShape shape;                   // cluster: thread blocks that send each other parts
  int row_blocks = 1;                       // of each KV head
  int unit = 0;         // tokens that are computed together; 0: by one thread block a row
  int least_units = 0;  // that a thread block is worth, where no split is given
  int item_units = 0;   // that the end of an item takes as long as
  int64_t record_bytes = 0;
};

/// Enqueues. kInvalidArgument where an address or stride is not what the kernel's copies need.
Status run(const LaunchPlan& plan, const AttnDecodeArgs& args, select::Workspace workspace,
           Stream& stream);

}  // namespace octet::ops::attn_decode::cuda
