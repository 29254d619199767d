#include "src/ops/gemm_grouped/hip/launch.h"

#include <algorithm>

#include "src/core/try.h"
#include "src/ops/gemm_gpu.h"
#include "src/ops/gemm_grouped/hip/params.h"

namespace octet::ops::gemm_grouped::hip {
namespace {

constexpr std::string_view kOp = "gemm_grouped";
constexpr int64_t kMostOffset = 0x70000000;          // kernels have offsets of 32 bits
constexpr int64_t kMostRowBytes = kMostOffset / 64;  // a tile has at most 64 rows of weights
constexpr int64_t kMostTilesX = (1 << 24) - 1, kMostTilesY = 65535;

int64_t tiles_of(int64_t size, int64_t block) { return (size + block - 1) / block; }

/// An operand as rows: of all experts, `expert_bytes` apart.
struct Rows {
  const char* name;
  const void* data;
  int64_t rows, stride;
  int64_t experts = 1, expert_bytes = 0;
};

Rows rows_of(const char* name, const ConstMatrix& m) {
  return {name, m.data, m.rows,
          m.rows == 1 ? m.cols * size_of(m.dtype) : m.stride() * size_of(m.dtype)};
}
Rows rows_of(const char* name, const ConstExperts& e) {
  const int64_t bytes = size_of(e.dtype);
  return {name,      e.data,
          e.rows,    (e.rows == 1 ? e.cols : e.stride()) * bytes,
          e.experts, e.matrix_stride() * bytes};
}

Status check_alignment(const Rows& r, int alignment) {
  const auto address = reinterpret_cast<gpu::Address>(r.data);
  OCTET_REQUIRE(address % static_cast<gpu::Address>(alignment) == 0 && r.stride % alignment == 0 &&
                    (r.experts == 1 || r.expert_bytes % alignment == 0),
                "{}: {} at 0x{:x} with {} bytes between rows and {} between experts: this kernel "
                "needs multiples of {} (variant gfx942_simple takes any)",
                kOp, r.name, address, r.stride, r.expert_bytes, alignment);
  OCTET_REQUIRE(r.stride <= kMostRowBytes, "{}: {} with {} bytes between rows, on a GPU at most {}",
                kOp, r.name, r.stride, kMostRowBytes);
  return Status::Ok();
}

Status check_gather(const Rows& r) {
  OCTET_REQUIRE(r.rows <= kMostOffset / std::max<int64_t>(r.stride, 1),
                "{}: {} of {} rows {} bytes apart: this kernel needs them within {} bytes (variant "
                "gfx942_simple takes any)",
                kOp, r.name, r.rows, r.stride, kMostOffset);
  return Status::Ok();
}

Status check_operands(const LaunchPlan& plan, const GemmGroupedArgs& args) {
  const int scale_alignment = args.a_scale.dtype == DType::kF32 ? 4 : plan.scale_alignment;
  OCTET_CHECK_OK(check_alignment(rows_of("a", args.a), plan.code_alignment));
  OCTET_CHECK_OK(check_alignment(rows_of("b", args.b), plan.code_alignment));
  OCTET_CHECK_OK(check_alignment(rows_of("a_scale", args.a_scale), scale_alignment));
  OCTET_CHECK_OK(check_alignment(rows_of("b_scale", args.b_scale), scale_alignment));
  if (!plan.whole_a_offsets) return Status::Ok();
  OCTET_CHECK_OK(check_gather(rows_of("a", args.a)));
  return check_gather(rows_of("a_scale", args.a_scale));
}

HipParams make_params(const GemmGroupedArgs& args) {
  const int64_t scale_bytes = size_of(args.a_scale.dtype);
  HipParams params{};
  params.slots = slot_params(args);
  params.a = static_cast<const uint8_t*>(args.a.data);
  params.b = static_cast<const uint8_t*>(args.b.data);
  params.a_scale = static_cast<const uint8_t*>(args.a_scale.data);
  params.b_scale = static_cast<const uint8_t*>(args.b_scale.data);
  params.a_row = args.a.stride();
  params.b_row = args.b.stride();
  params.b_expert = args.b.matrix_stride();
  params.a_scale_row = args.a_scale.stride() * scale_bytes;
  params.b_scale_row = args.b_scale.stride() * scale_bytes;
  params.b_scale_expert = args.b_scale.matrix_stride() * scale_bytes;
  params.d = args.d.data;
  params.d_row = args.d.stride();
  params.a_rows = static_cast<int32_t>(args.a.rows);
  params.n = static_cast<int32_t>(args.b.rows);
  params.k = static_cast<int32_t>(args.a.cols);
  params.output = gemm_output_type(args.d.dtype);
  return params;
}

/// Slots first. Why: the tiles of an expert read the same weights, and should at the same time.
Result<gpu::LaunchShape> grid(const LaunchPlan& plan, const HipParams& params) {
  const int64_t parts = int64_t{params.slots.max_tiles} * params.slots.block_m / plan.tile.slots;
  OCTET_REQUIRE(parts <= kMostTilesX, "{}: a slot list of {} slots, this kernel takes at most {}",
                kOp, parts * plan.tile.slots, kMostTilesX * plan.tile.slots);
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(parts);
  shape.grid_y = static_cast<uint32_t>(tiles_of(params.n, plan.tile.block_n));
  shape.block_x = static_cast<uint32_t>(plan.tile.waves) * 64;
  return shape;
}

}  // namespace

select::Support supports_tiles(const TileShape& tile, const Problem& problem) {
  if (problem.block_m % tile.slots != 0) {
    return select::Support::no(
        fmt::format("block_m = {}, must be a multiple of {}", problem.block_m, tile.slots));
  }
  if (problem.k > kMostRowBytes) {
    return select::Support::no(fmt::format("k = {}, at most {}", problem.k, kMostRowBytes));
  }
  if (problem.n > kMostTilesY * tile.block_n) {
    return select::Support::no(
        fmt::format("n = {}, at most {}", problem.n, kMostTilesY * tile.block_n));
  }
  return select::Support::yes();
}

select::Support supports_gather(const TileShape& tile, const Problem& problem) {
  if (problem.a_rows() > kMostOffset / problem.k) {
    return select::Support::no(fmt::format("a of {} rows of k = {} bytes, at most {} bytes",
                                           problem.a_rows(), problem.k, kMostOffset));
  }
  return supports_tiles(tile, problem);
}

Status run(const LaunchPlan& plan, const GemmGroupedArgs& args, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  OCTET_CHECK_OK(check_operands(plan, args));
  HipParams params = make_params(args);
  OCTET_TRY(const gpu::LaunchShape shape, grid(plan, params));
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  return named_launch_error(kOp, args.tokens, args.b.rows, args.a.cols, *plan.kernel,
                            plan.kernel->launch(queue, shape, &params));
}

}  // namespace octet::ops::gemm_grouped::hip
