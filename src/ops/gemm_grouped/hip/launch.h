// How the AMD kernels are launched: a contract says tile and kernel; this checks operands and
// enqueues.
#pragma once

#include "octet/gemm_grouped.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped::hip {

/// What a workgroup computes, slots of one expert by rows of its weights, and its waves.
struct TileShape {
  int slots, block_n;
  int waves = 4;
};

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  TileShape tile{};
  int code_alignment = 4;       // of addresses and strides of codes, in bytes
  int scale_alignment = 1;      // of exponents
  bool whole_a_offsets = true;  // a is reached from its first row by offsets of 32 bits
};

/// Whether grid and offsets of such tiles hold the problem.
select::Support supports_tiles(const TileShape& tile, const Problem& problem);
/// The same of tiles whose rows of a are gathered by offsets from the first.
select::Support supports_gather(const TileShape& tile, const Problem& problem);

/// Enqueues. kInvalidArgument where an address, stride or size is not what the kernel takes.
Status run(const LaunchPlan& plan, const GemmGroupedArgs& args, Stream& stream);

}  // namespace octet::ops::gemm_grouped::hip
