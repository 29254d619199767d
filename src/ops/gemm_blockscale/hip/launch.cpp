#include "src/ops/gemm_blockscale/hip/launch.h"

#include "src/core/try.h"
#include "src/ops/gemm_gpu.h"

namespace octet::ops::gemm_blockscale::hip {
namespace {

constexpr std::string_view kOp = "gemm_blockscale";
/// A launch has at most 2^32 - 1 work items along x.
constexpr int64_t kMaxTiles = 0xffffffff / MfmaTile::kThreads;

int64_t tiles_of(int64_t size, int block) { return (size + block - 1) / block; }

/// Offsets within a tile have 32 bits.
Status check_row_bytes(std::string_view name, int64_t bytes) {
  OCTET_REQUIRE(bytes <= kMaxRowBytes,
                "{}: {} has {} bytes between rows, an AMD kernel takes up to {}", kOp, name, bytes,
                kMaxRowBytes);
  return Status::Ok();
}

Status check(const GemmBlockscaleArgs& args) {
  OCTET_CHECK_OK(check_gemm_copies(kOp, "a", args.a, ""));
  OCTET_CHECK_OK(check_gemm_copies(kOp, "b", args.b, ""));
  OCTET_CHECK_OK(check_row_bytes("a", args.a.stride()));
  OCTET_CHECK_OK(check_row_bytes("b", args.b.stride()));
  OCTET_CHECK_OK(check_row_bytes("d", args.d.stride() * size_of(args.d.dtype)));
  return check_row_bytes("a_scale", args.a_scale.normalized().row_stride * 4);
}

AmdParams params_of(const GemmBlockscaleArgs& args) {
  AmdParams params{};
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  params.a = static_cast<const uint8_t*>(args.a.data);
  params.b = static_cast<const uint8_t*>(args.b.data);
  params.d = args.d.data;
  params.a_scale = a_scale.data;
  params.b_scale = b_scale.data;
  params.a_row = args.a.stride();
  params.b_row = args.b.stride();
  params.d_row = args.d.stride();
  params.a_scale_row = a_scale.row_stride;
  params.a_scale_block = a_scale.col_stride;
  params.b_scale_row = b_scale.row_stride;
  params.m = static_cast<int32_t>(args.d.rows);
  params.n = static_cast<int32_t>(args.d.cols);
  params.k_blocks = static_cast<int32_t>(args.a.cols / 128);
  params.output = gemm_output_type(args.d.dtype);
  const auto address = reinterpret_cast<gpu::Address>(args.d.data);
  params.d_by_four = address % static_cast<uint64_t>(4 * size_of(args.d.dtype)) == 0 &&
                     args.d.cols % 4 == 0 && args.d.stride() % 4 == 0;
  return params;
}

}  // namespace

select::Support supports(const MfmaTile& tile, const Problem& problem, const Device& device) {
  const DType kind = device.arch == Arch::kGfx942 ? DType::kE4m3fnuz : DType::kE4m3fn;
  if (problem.ab != kind) {
    return select::Support::no(fmt::format("{} multiplies {} only", arch_name(device.arch),
                                           kind == DType::kE4m3fn ? "e4m3fn" : "e4m3fnuz"));
  }
  if (problem.b_packed) return select::Support::no("reads row-major b, b is packed");
  const int64_t tiles_m = tiles_of(problem.m, tile.block_m);
  const int64_t tiles_n = tiles_of(problem.n, tile.block_n);
  if (tiles_m > 0 && tiles_n > kMaxTiles / tiles_m) {
    return select::Support::no(
        fmt::format("{} x {} tiles are more than the {} of a launch", tiles_m, tiles_n, kMaxTiles));
  }
  return select::Support::yes();
}

LaunchPlan plan(const MfmaTile& tile, const GemmBlockscaleArgs& args) {
  LaunchPlan plan;
  plan.params = params_of(args);
  plan.params.tiles_m = static_cast<int32_t>(tiles_of(args.d.rows, tile.block_m));
  plan.params.tiles_n = static_cast<int32_t>(tiles_of(args.d.cols, tile.block_n));
  plan.shape.grid_x =
      static_cast<uint32_t>(plan.params.tiles_m) * static_cast<uint32_t>(plan.params.tiles_n);
  plan.shape.block_x = MfmaTile::kThreads;
  return plan;
}

Status run(const MfmaTile& tile, const gpu::Kernel& kernel, const GemmBlockscaleArgs& args,
           Stream& stream) {
  OCTET_CHECK_OK(check(args));
  const gpu::Queue& queue = *gpu::queue_of(stream);
  LaunchPlan planned = plan(tile, args);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  return named_launch_error(kOp, args.a.rows, args.b.rows, args.a.cols, kernel,
                            kernel.launch(queue, planned.shape, &planned.params));
}

}  // namespace octet::ops::gemm_blockscale::hip
