// The launch of a kernel that has a TileShape, on the host.
#pragma once

#include "src/ops/gemm_mxfp8/cuda/launch.h"
#include "src/ops/gemm_mxfp8/cuda/tile_shape.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8::cuda {

select::Support supports_tiles(const TileShape& shape, const Problem& problem);

/// All of the plan but its kernels. The kernel waits before it reads what the launch before wrote.
LaunchPlan tile_plan(const TileShape& shape, const Problem& problem, int cu_num);

}  // namespace octet::ops::gemm_mxfp8::cuda
