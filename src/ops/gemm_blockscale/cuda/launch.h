// How the kernels of the GPU are launched: a contract says grid, boxes and kernel; this encodes the
// tensor maps and enqueues.
#pragma once

#include "octet/gemm_blockscale.h"
#include "src/device/gpu_queue.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale::cuda {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;  // dependent: the kernel can overlap the launch before it
  int split = 1;
  int a_box_rows = 0, b_box_rows = 0;  // 0: the kernel reads addresses, not tensor maps
  int a_scale_box = 0;                 // rows of a whose scales come by tensor map where they can
  int d_box_rows = 0, d_box_cols = 0;  // of results that are stored by tensor map where they can
};

/// Whether kernels that read a and b by tensor map and multiply e4m3fn serve the problem.
select::Support supports_tensor_maps(const Problem& problem);

/// Enqueues. kInvalidArgument where an address or stride is not a multiple of 16 bytes.
Status run(const LaunchPlan& plan, const GemmBlockscaleArgs& args, Stream& stream);

}  // namespace octet::ops::gemm_blockscale::cuda
