#include "src/ops/gemm_grouped/cuda/launch.h"

#include <algorithm>

#include "src/core/try.h"
#include "src/ops/gemm_gpu.h"
#include "src/ops/gemm_grouped/cuda/params.h"
#include "src/select/gemm_cost.h"

namespace octet::ops::gemm_grouped::cuda {
namespace {

constexpr std::string_view kOp = "gemm_grouped";
/// Slots that blocks go through before they move along n: operands then stay in L2.
constexpr int64_t kGroupSlots = 2048;

/// Exponents are copied four at a time.
Status check_words(const char* name, const void* data, int64_t stride, int64_t rows) {
  const auto address = reinterpret_cast<gpu::Address>(data);
  OCTET_REQUIRE(address % 4 == 0 && (stride % 4 == 0 || rows == 1),
                "{}: {} at 0x{:x} with {} bytes between rows: on a GPU both must be multiples of 4 "
                "(variant sm90_simple takes any)",
                kOp, name, address, stride);
  return Status::Ok();
}

Status check_scales(const GemmGroupedArgs& args) {
  if (args.a_scale.dtype != DType::kE8m0) return Status::Ok();
  OCTET_CHECK_OK(
      check_words("a_scale", args.a_scale.data, args.a_scale.stride(), args.a_scale.rows));
  OCTET_CHECK_OK(
      check_words("b_scale", args.b_scale.data, args.b_scale.stride(), args.b_scale.rows));
  OCTET_REQUIRE(args.b_scale.matrix_stride() % 4 == 0 || args.b_scale.experts == 1,
                "{}: b_scale with {} bytes between experts: on a GPU they must be a multiple of 4 "
                "(variant sm90_simple takes any)",
                kOp, args.b_scale.matrix_stride());
  return Status::Ok();
}

/// The stack of weights: boxes of rows of one expert, zeros past its end.
Result<gpu::TensorMap> weights_map(const gpu::Driver& driver, const ConstExperts& b, int box_rows) {
  OCTET_CHECK_OK(check_gemm_copies(kOp, "b", {b.data, b.dtype, b.rows, b.cols, b.row_stride}));
  const int64_t row = b.rows == 1 ? b.cols : b.stride();
  const int64_t plane = b.experts == 1 ? b.rows * row : b.matrix_stride();
  OCTET_REQUIRE(plane % 16 == 0,
                "{}: b with {} bytes between experts: on a GPU they must be a multiple of 16 "
                "(variant sm90_simple takes any)",
                kOp, plane);
  gpu::TensorMapShape shape{
      reinterpret_cast<gpu::Address>(b.data), b.rows, b.cols, row, box_rows, 128};
  shape.planes = b.experts;
  shape.plane_bytes = plane;
  return driver.encode(shape);
}

void set_operands(Sm90Params& params, const GemmGroupedArgs& args) {
  set_gemm_params(params, args.d, args.a.cols);
  params.a_codes = static_cast<const uint8_t*>(args.a.data);
  params.b_codes = static_cast<const uint8_t*>(args.b.data);
  params.a_row = args.a.stride();
  params.b_row = args.b.stride();
  params.b_expert = args.b.matrix_stride();
  params.a_scale = args.a_scale.data;
  params.b_scale = args.b_scale.data;
  params.a_scale_row = args.a_scale.stride();
  params.b_scale_row = args.b_scale.stride();
  params.b_scale_expert = args.b_scale.matrix_stride();
  params.a_rows = static_cast<int32_t>(args.a.rows);
  params.k = static_cast<int32_t>(args.a.cols);
  params.k_blocks = (params.k + 127) / 128;
}

Status enqueue(const LaunchPlan& plan, Sm90Params& params, const gpu::Queue& queue) {
  if (plan.widen != nullptr) {
    OCTET_CHECK_OK(plan.widen->launch(queue, plan.widen_shape, &params));
  }
  return plan.kernel->launch(queue, plan.shape, &params);
}

}  // namespace

select::Support supports_slots(int slots, const Problem& problem, int k_grain) {
  if (problem.block_m % slots != 0) {
    return select::Support::no(
        fmt::format("block_m = {}, must be a multiple of {}", problem.block_m, slots));
  }
  if (problem.k % k_grain != 0) {
    return select::Support::no(fmt::format("k = {}, must be a multiple of {}", problem.k, k_grain));
  }
  constexpr int64_t kMostBytes = int64_t{1} << 40;  // a stride of a tensor map stays below
  if (problem.experts > 1 && problem.n > (kMostBytes - 16) / problem.k) {
    return select::Support::no(fmt::format("an expert of n = {} rows of k = {} bytes, at most {}",
                                           problem.n, problem.k, kMostBytes - 16));
  }
  return select::Support::yes();
}

select::Support supports_swap(const GroupedShape& shape, int split, const Problem& problem,
                              int k_grain) {
  if (split > 1 && problem.k < 256 * split) {
    return select::Support::no(
        fmt::format("{} blocks share k: needs at least {}", split, 256 * split));
  }
  return supports_slots(shape.swap.block_m, problem, k_grain);
}

LaunchPlan plan_swap(const GroupedShape& shape, int split, const Device& device) {
  LaunchPlan plan;
  plan.split = split;
  plan.b_box_rows = shape.swap.block_n;
  plan.shape.grid_x = static_cast<uint32_t>(select::resident_clusters(split, device.cu_num) *
                                            shape.resident(split) * split);
  plan.shape.block_x = static_cast<uint32_t>(shape.threads());
  plan.shape.cluster = static_cast<uint32_t>(split);
  plan.shape.shared_bytes = static_cast<uint32_t>(shape.shared_bytes(split));
  plan.shape.dependent = true;  // the kernel waits before it reads
  return plan;
}

LaunchPlan plan_tile(const TileShape& shape, const Device& device) {
  LaunchPlan plan;
  plan.b_box_rows = 128;  // a tile has one or two of them
  plan.shape.grid_x = static_cast<uint32_t>(
      select::resident_clusters(shape.cluster(), device.cu_num) * shape.cluster());
  plan.shape.block_x = TileShape::kThreads;
  plan.shape.cluster = static_cast<uint32_t>(shape.cluster());
  plan.shape.shared_bytes = static_cast<uint32_t>(shape.shared_bytes());
  plan.shape.dependent = true;  // the kernel waits before it reads
  return plan;
}

Status run(const LaunchPlan& plan, const GemmGroupedArgs& args, select::Workspace workspace,
           Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  Sm90Params params{};
  params.slots = slot_params(args);
  params.slots.group_tiles = static_cast<int32_t>(std::max<int64_t>(1, kGroupSlots / args.block_m));
  set_operands(params, args);
  params.split = plan.split;
  params.dependent = plan.shape.dependent;
  params.early_list = params.dependent && args.list_is_older;
  params.wide_tokens = workspace.data;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  if (plan.b_box_rows > 0) {
    OCTET_CHECK_OK(check_gemm_copies(kOp, "a", args.a));
    OCTET_REQUIRE(
        args.a.rows * args.a.stride() <= kMostTokenBytes,
        "{}: a of {} rows {} bytes apart: on a GPU they must end within {} bytes (variant "
        "sm90_simple takes any)",
        kOp, args.a.rows, args.a.stride(), kMostTokenBytes);
    if (plan.scale_words) OCTET_CHECK_OK(check_scales(args));
    OCTET_TRY(params.b, weights_map(*queue.driver, args.b, plan.b_box_rows));
  }
  return named_launch_error(kOp, args.tokens, args.b.rows, args.a.cols, *plan.kernel,
                            enqueue(plan, params, queue));
}

}  // namespace octet::ops::gemm_grouped::cuda
