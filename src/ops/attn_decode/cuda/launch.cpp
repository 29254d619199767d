#include "src/ops/attn_decode/cuda/launch.h"

#include <algorithm>

#include "src/core/try.h"
#include "src/ops/attn_decode/cpu/view.h"
#include "src/ops/attn_decode/cuda/params.h"
#include "src/ops/attn_decode/gpu_operands.h"

namespace octet::ops::attn_decode::cuda {
namespace {

constexpr std::string_view kOp = "attn_decode";
constexpr int64_t kMostTokens = (int64_t{1} << 31) - 1024;  // whole units are counted in 32 bits

Sm90Params params_of(const AttnDecodeArgs& args) {
  Sm90Params p{};
  set_operands(args, p);
  p.same_places = p.k.block == p.v.block && p.k.token == p.v.token && p.k.head == p.v.head;
  return p;
}

bool heads_are_columns(const KvCache& c) {
  const Steps steps = code_steps(c);
  return c.heads == 1 || steps.head < steps.token;
}

/// The map of a cache, whose heads are columns of a row of all heads, or planes of tokens.
Result<BoxParams> boxes_of(const gpu::Driver& driver, const KvCache& c, int64_t box_rows) {
  const Steps steps = code_steps(c);
  const bool columns = heads_are_columns(c);
  const int64_t block_planes = columns ? 1 : c.blocks == 1 ? c.heads : steps.block / steps.head;
  gpu::TensorMapShape shape;
  shape.address = reinterpret_cast<gpu::Address>(c.data);
  shape.rows = c.block_tokens, shape.stride_bytes = steps.token;
  shape.cols = columns ? (c.heads - 1) * steps.head + c.dim : c.dim;
  shape.planes = c.blocks * block_planes;
  shape.plane_bytes = columns ? steps.block : steps.head;
  shape.box_rows = static_cast<int>(box_rows);
  shape.box_cols = shape.swizzle_bytes = static_cast<int>(std::min<int64_t>(c.dim, 128));
  // Other heads' rows, which lie between, are asked for by other thread blocks.
  if (columns && c.heads > 1 && c.dim == 64) shape.promote_bytes = 64;
  BoxParams boxes{};
  boxes.head_column = columns ? static_cast<int32_t>(steps.head) : 0;
  boxes.head_plane = columns ? 0 : 1;
  boxes.block_planes = static_cast<int32_t>(block_planes);
  OCTET_TRY(boxes.map, driver.encode(shape));
  return boxes;
}

/// Whether boxes_of() can describe a cache, whose boxes are counted in 32 bits, and its pages are
/// worth a box.
bool has_boxes(const KvCache& c) {
  constexpr int64_t kMostStride = int64_t{1} << 40, kMostPlace = int64_t{1} << 31;
  const Steps steps = code_steps(c);
  const auto [least, most] = std::minmax({steps.block, steps.token, steps.head});
  if (c.blocks < 1 || c.block_tokens < 16 || least < 16 || most >= kMostStride) return false;
  if (heads_are_columns(c)) return c.heads * steps.head < kMostPlace;
  return c.blocks == 1 ||
         (steps.block % steps.head == 0 && c.blocks * (steps.block / steps.head) < kMostPlace);
}

}  // namespace

Status run(const LaunchPlan& plan, const AttnDecodeArgs& args, select::Workspace workspace,
           Stream& stream) {
  OCTET_REQUIRE(longest(args) <= kMostTokens, "{}: max_seqlen = {}, must be up to {} on a GPU", kOp,
                longest(args), kMostTokens);
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  Sm90Params p = params_of(args);
  if (plan.unit > 0) {
    OCTET_CHECK_OK(check_copies(args, "sm90_simple"));
    const GpuShares shares{plan.row_blocks, plan.unit, plan.least_units, plan.shape.grid_x,
                           plan.record_bytes};
    OCTET_CHECK_OK(cut_line(shares, args, "sm90_simple", p));
    OCTET_CHECK_OK(set_records(shares, workspace, stream, p));
    p.item_cost = p.fixed_splits ? 0 : plan.item_units;
    const uint32_t items = static_cast<uint32_t>(p.batch * p.pairs), blocks = plan.shape.grid_x;
    p.by_items = Divider(items);
    p.grid_fits = std::max(items, blocks) % std::min(items, blocks) == 0;
  }
  const gpu::Kernel* kernel = plan.kernel;
  if (plan.box_kernel != nullptr && has_boxes(args.k) && has_boxes(args.v)) {
    kernel = plan.box_kernel;
    p.box_rows = plan.unit;
    if (args.page_table_cols > 0) {
      p.box_rows = static_cast<int32_t>(std::min<int64_t>(plan.unit, args.k.block_tokens));
    }
    OCTET_TRY(p.k_boxes, boxes_of(*queue.driver, args.k, p.box_rows));
    OCTET_TRY(p.v_boxes, boxes_of(*queue.driver, args.v, p.box_rows));
  }
  gpu::LaunchShape shape = plan.shape;
  p.dependent = shape.dependent = workspace.overlap_previous;
  return named_launch_error(args, *kernel, kernel->launch(queue, shape, &p));
}

}  // namespace octet::ops::attn_decode::cuda
