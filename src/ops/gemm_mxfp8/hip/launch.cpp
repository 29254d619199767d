#include "src/ops/gemm_mxfp8/hip/launch.h"

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/gemm_gpu.h"
#include "src/ops/gemm_mxfp8/hip/params.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_GFX942_CODE(kReduceCode, gemm_mxfp8, gfx942_reduce);

namespace hip {
namespace {

constexpr std::string_view kOp = "gemm_mxfp8";
constexpr int64_t kMostOffset = 0x70000000;          // of a tile, whose offsets have 32 bits
constexpr int64_t kMostRowBytes = kMostOffset / 64;  // a tile has at most 64 rows
constexpr int64_t kMostTilesX = (1 << 24) - 1, kMostTilesY = 65535;

const gpu::Kernel kReduce(kReduceCode, "octet_gfx942_mx_reduce", 0);

int64_t tiles_of(int64_t size, int64_t block) { return (size + block - 1) / block; }

Status check_rows(const char* name, const ConstMatrix& matrix, int alignment) {
  const auto address = reinterpret_cast<gpu::Address>(matrix.data);
  const auto grain = static_cast<gpu::Address>(alignment);
  const int64_t stride = matrix.rows == 1 ? matrix.cols : matrix.stride();
  OCTET_REQUIRE(address % grain == 0 && stride % alignment == 0,
                "{}: {} at 0x{:x} with {} bytes between rows: this kernel needs multiples of {} "
                "(variant gfx942_simple takes any)",
                kOp, name, address, stride, alignment);
  OCTET_REQUIRE(stride <= kMostRowBytes, "{}: {} with {} bytes between rows, on a GPU at most {}",
                kOp, name, stride, kMostRowBytes);
  return Status::Ok();
}

Status check_operands(const LaunchPlan& plan, const GemmMxfp8Args& args) {
  OCTET_CHECK_OK(check_rows("a", args.a, plan.code_alignment));
  OCTET_CHECK_OK(check_rows("b", args.b, plan.code_alignment));
  OCTET_CHECK_OK(check_rows("a_scale", args.a_scale, plan.scale_alignment));
  return check_rows("b_scale", args.b_scale, plan.scale_alignment);
}

HipParams make_params(const LaunchPlan& plan, const GemmMxfp8Args& args, void* workspace) {
  HipParams params{};
  params.a = static_cast<const uint8_t*>(args.a.data);
  params.b = static_cast<const uint8_t*>(args.b.data);
  params.a_scale = static_cast<const uint8_t*>(args.a_scale.data);
  params.b_scale = static_cast<const uint8_t*>(args.b_scale.data);
  params.a_row = args.a.stride();
  params.b_row = args.b.stride();
  params.a_scale_row = args.a_scale.stride();
  params.b_scale_row = args.b_scale.stride();
  params.d = args.d.data;
  params.d_row = args.d.stride();
  params.partials = static_cast<float*>(workspace);
  params.m = static_cast<int32_t>(args.a.rows);
  params.n = static_cast<int32_t>(args.b.rows);
  params.k = static_cast<int32_t>(args.a.cols);
  params.split = plan.split;
  params.output = gemm_output_type(args.d.dtype);
  return params;
}

gpu::LaunchShape reduce_shape(const HipParams& params) {
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(tiles_of(params.n, 256));
  shape.grid_y = static_cast<uint32_t>(params.m);
  shape.block_x = 256;
  return shape;
}

Status enqueue(const LaunchPlan& plan, HipParams& params, const gpu::Queue& queue) {
  OCTET_CHECK_OK(plan.kernel->launch(queue, plan.shape, &params));
  return plan.split == 1 ? Status::Ok() : kReduce.launch(queue, reduce_shape(params), &params);
}

}  // namespace

const gpu::Kernel& reduce_kernel() { return kReduce; }

select::Support supports_tiles(const TileShape& tile, const Problem& problem) {
  if (problem.k > kMostRowBytes) {
    return select::Support::no(fmt::format("k = {}, at most {}", problem.k, kMostRowBytes));
  }
  if (tiles_of(problem.n, tile.block_n) > kMostTilesX) {
    return select::Support::no(
        fmt::format("n = {}, at most {}", problem.n, kMostTilesX * tile.block_n));
  }
  const int64_t most_m = tile.split > 1 ? kMostTilesY : kMostTilesY * tile.block_m;
  if (problem.m > most_m) {
    return select::Support::no(fmt::format("m = {}, at most {}", problem.m, most_m));
  }
  if (tile.split > 1 && problem.k < 128 * tile.split) {
    return select::Support::no(
        fmt::format("{} workgroups share k: needs at least {}", tile.split, 128 * tile.split));
  }
  return select::Support::yes();
}

LaunchPlan plan_tiles(const TileShape& tile, const Problem& problem) {
  LaunchPlan plan;
  plan.split = tile.split;
  plan.shape.grid_x = static_cast<uint32_t>(tiles_of(problem.n, tile.block_n));
  plan.shape.grid_y = static_cast<uint32_t>(tiles_of(problem.m, tile.block_m));
  plan.shape.grid_z = static_cast<uint32_t>(tile.split);
  plan.shape.block_x = static_cast<uint32_t>(tile.waves) * 64;
  return plan;
}

int64_t workspace_bytes(const TileShape& tile, const Problem& problem) {
  return tile.split == 1 ? 0 : tile.split * problem.m * problem.n * 4;
}

Status run(const LaunchPlan& plan, const GemmMxfp8Args& args, select::Workspace workspace,
           Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  OCTET_CHECK_OK(check_operands(plan, args));
  HipParams params = make_params(plan, args, workspace.data);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  return named_launch_error(kOp, args.a.rows, args.b.rows, args.a.cols, *plan.kernel,
                            enqueue(plan, params, queue));
}

}  // namespace hip
}  // namespace octet::ops::gemm_mxfp8
