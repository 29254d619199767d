// How the AMD kernels are launched: a contract says grid and kernels; this checks operands and
// enqueues.
#pragma once

#include "octet/gemm_mxfp8.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8::hip {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;
  int split = 1;            // workgroups that share the k of a tile
  int code_alignment = 4;   // of addresses and strides of codes, in bytes
  int scale_alignment = 1;  // of exponents
};

/// Results that a workgroup computes, its waves, and how many workgroups share k.
struct TileShape {
  int block_m, block_n;
  int waves = 4;
  int split = 1;
};

/// Whether grid, offsets and parts of k of such tiles hold the problem.
select::Support supports_tiles(const TileShape& tile, const Problem& problem);
/// Grid and split; not the kernel.
LaunchPlan plan_tiles(const TileShape& tile, const Problem& problem);
/// Of partial sums, where workgroups share k.
int64_t workspace_bytes(const TileShape& tile, const Problem& problem);

/// Enqueues, and the sum of the parts where k is shared. kInvalidArgument where an address or
/// stride is not what the kernel takes.
Status run(const LaunchPlan& plan, const GemmMxfp8Args& args, select::Workspace workspace,
           Stream& stream);

/// The kernel that adds up parts of k.
const gpu::Kernel& reduce_kernel();

}  // namespace octet::ops::gemm_mxfp8::hip
