// How the kernels of the GPU are launched: a contract says grid, boxes and kernel; this encodes
// the tensor map of the weights and enqueues.
#pragma once

#include "octet/gemm_grouped.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_grouped/cuda/swap_shape.h"
#include "src/ops/gemm_grouped/cuda/tile_shape.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped::cuda {

/// Of rows of a that are gathered: kernels count 16 bytes in 32 bits.
constexpr int64_t kMostTokenBytes = int64_t{1} << 36;

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;              // dependent: the kernel can overlap the launch before it
  const gpu::Kernel* widen = nullptr;  // before it: a as bf16, in the workspace
  gpu::LaunchShape widen_shape;
  int split = 1;
  int b_box_rows = 0;       // 0: the kernel reads addresses, no tensor map
  bool scale_words = true;  // with a map: exponents are copied four at a time
};

/// Whether kernels that copy `slots` slots at a time serve the problem, k a multiple of `k_grain`.
select::Support supports_slots(int slots, const Problem& problem, int k_grain = 128);

/// Whether the kernels of a shape serve the problem, `split` blocks sharing its k.
select::Support supports_swap(const GroupedShape& shape, int split, const Problem& problem,
                              int k_grain = 128);
/// Everything but the kernel. `device` runs the blocks; they walk over what tiles there are.
LaunchPlan plan_swap(const GroupedShape& shape, int split, const Device& device);
LaunchPlan plan_tile(const TileShape& shape, const Device& device);

/// Enqueues. kInvalidArgument where an address or stride is not what the kernel's copies need.
Status run(const LaunchPlan& plan, const GemmGroupedArgs& args, select::Workspace workspace,
           Stream& stream);

}  // namespace octet::ops::gemm_grouped::cuda
