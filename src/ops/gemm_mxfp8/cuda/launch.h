// How the kernels of the GPU are launched: a contract says grid, boxes and kernels; this encodes
// the tensor maps and enqueues.
#pragma once

#include "octet/gemm_mxfp8.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8::cuda {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;              // dependent: the kernel can overlap the launch before it
  const gpu::Kernel* widen = nullptr;  // before it: a as bf16, in the workspace
  gpu::LaunchShape widen_shape;
  int split = 1;
  int a_box_rows = 0, b_box_rows = 0;  // 0: the kernel reads addresses, not tensor maps
};

/// Whether kernels that read tensor maps, and four exponents at once, serve the problem.
select::Support supports_tensor_maps(const Problem& problem);

/// Enqueues. kInvalidArgument where an address or stride is not what the kernel's copies need.
Status run(const LaunchPlan& plan, const GemmMxfp8Args& args, select::Workspace workspace,
           Stream& stream);

}  // namespace octet::ops::gemm_mxfp8::cuda
