#include "src/ops/gemm_mxfp8/cuda/tile_plan.h"

#include "src/core/try.h"

namespace octet::ops::gemm_mxfp8::cuda {

select::Support supports_tiles(const TileShape& shape, const Problem& problem) {
  if (shape.split > 1 && problem.k < 128 * shape.split) {
    return select::Support::no(
        fmt::format("{} blocks share k: needs at least {}", shape.split, 128 * shape.split));
  }
  return supports_tensor_maps(problem);
}

LaunchPlan tile_plan(const TileShape& shape, const Problem& problem, int cu_num) {
  LaunchPlan plan;
  plan.split = shape.split;
  plan.a_box_rows = shape.block_m;
  plan.b_box_rows = shape.block_n;
  plan.shape.grid_x = static_cast<uint32_t>(
      shape.grid(static_cast<int>(problem.m), static_cast<int>(problem.n), cu_num));
  plan.shape.block_x = static_cast<uint32_t>(shape.threads());
  plan.shape.cluster = static_cast<uint32_t>(shape.split);
  plan.shape.shared_bytes = static_cast<uint32_t>(shape.shared_bytes());
  plan.shape.dependent = true;
  return plan;
}

}  // namespace octet::ops::gemm_mxfp8::cuda
