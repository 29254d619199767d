// How the AMD kernels of gemm_batched are launched: a contract says tile and kernel; this prepares
// tokens where the format needs it, and enqueues.
#pragma once

#include "octet/gemm_batched.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_batched/hip/tile_shape.h"
#include "src/ops/gemm_batched/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched::hip {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  int block_m = 0, block_n = 0;  // results of a workgroup
  bool any_alignment = false;    // rows are not read 16 bytes at a time
};

Method method_of(Format format);

/// What prepared tokens take: codes and scales of a8w8_prequant and a16wfp4, else 0.
int64_t prepared_bytes(const Problem& problem);

/// Whether workgroups of such tiles can serve the problem.
select::Support supports_tiles(int block_m, int block_n, const Problem& problem);

/// The same of kernels that read rows 16 bytes at a time.
select::Support supports_vectors(int block_m, int block_n, const Problem& problem);

/// Enqueues. kInvalidArgument where an address or stride is none that the kernel reads.
Status run(const LaunchPlan& plan, const GemmBatchedArgs& args, select::Workspace workspace,
           Stream& stream);

}  // namespace octet::ops::gemm_batched::hip
