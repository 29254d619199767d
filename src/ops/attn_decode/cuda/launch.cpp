#include "src/ops/attn_decode/cuda/launch.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "src/core/try.h"
#include "src/ops/attn_decode/cpu/view.h"
#include "src/ops/attn_decode/cuda/out_type.h"
#include "src/ops/attn_decode/cuda/params.h"

namespace octet::ops::attn_decode::cuda {
namespace {

constexpr std::string_view kOp = "attn_decode";
constexpr double kLog2e = 1.4426950408889634;
constexpr int64_t kMostTokens = (int64_t{1} << 31) - 1024;  // whole units are counted in 32 bits

CacheParams cache_params(const KvCache& c) {
  const Steps codes = code_steps(c), scales = scale_steps(c);
  return {static_cast<const uint8_t*>(c.data),
          codes.block,
          codes.token,
          codes.head,
          c.scales.scale,
          c.scales.shift,
          c.scales.packed,
          scales.block,
          scales.token,
          scales.head};
}

void set_rows(const AttnDecodeArgs& args, Sm90Params& p) {
  const ConstHeads q = args.q.normalized();
  const Heads out = args.out.normalized();
  p.q = static_cast<const uint16_t*>(q.data);
  p.q_batch = q.batch_stride, p.q_token = q.token_stride, p.q_head = q.head_stride;
  p.q_f16 = q.dtype == DType::kF16;
  p.out = out.data;
  p.out_batch = out.batch_stride, p.out_token = out.token_stride, p.out_head = out.head_stride;
  p.out_type = out_type(out.dtype);
  p.lse = args.lse;
  p.batch = static_cast<int32_t>(q.batch), p.q_tokens = static_cast<int32_t>(q.tokens);
  p.kv_heads = static_cast<int32_t>(args.k.heads);
  p.group = static_cast<int32_t>(q.heads / args.k.heads);
  p.by_group = Divider(static_cast<uint32_t>(p.group));
  p.rows = p.q_tokens * p.group, p.dim = static_cast<int32_t>(q.dim);
}

Sm90Params params_of(const AttnDecodeArgs& args) {
  Sm90Params p{};
  set_rows(args, p);
  p.k = cache_params(args.k), p.v = cache_params(args.v);
  p.e5m2 = args.k.dtype == DType::kE5m2;
  p.same_places = p.k.block == p.v.block && p.k.token == p.v.token && p.k.head == p.v.head;
  p.seqlens = args.seqlens;
  if (args.page_table_cols > 0) {
    p.page_table = args.page_table;
    p.table_row = args.page_table_stride == 0 ? args.page_table_cols : args.page_table_stride;
    p.page_shift = std::countr_zero(static_cast<uint64_t>(args.k.block_tokens));
  }
  p.blocks = static_cast<int32_t>(args.k.blocks);
  p.most_tokens = static_cast<int32_t>(longest(args));
  p.window_left = static_cast<int32_t>(
      std::min<int64_t>(args.window_left, std::numeric_limits<int32_t>::max()));
  p.softmax_scale = static_cast<float>(static_cast<double>(softmax_scale_of(args)) * kLog2e);
  p.soft_cap = args.soft_cap, p.sinks = args.sinks;
  p.fault = args.fault;
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
  if (columns && c.heads > 1 && c.dim < 256) shape.promote_bytes = static_cast<int>(c.dim);
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

Status check_copies(std::string_view name, const KvCache& cache) {
  const Steps steps = code_steps(cache);
  const auto address = reinterpret_cast<uintptr_t>(cache.data);
  OCTET_REQUIRE(
      address % 16 == 0 && steps.block % 16 == 0 && steps.token % 16 == 0 && steps.head % 16 == 0,
      "{}: {} at 0x{:x} with strides of {}, {} and {} bytes: on a GPU all must be "
      "multiples of 16 (variant sm90_simple takes any)",
      kOp, name, address, steps.block, steps.token, steps.head);
  return Status::Ok();
}

Status check_q(const AttnDecodeArgs& args) {
  const ConstHeads q = args.q.normalized();
  const auto address = reinterpret_cast<uintptr_t>(q.data);
  OCTET_REQUIRE(address % 8 == 0 && q.batch_stride % 4 == 0 && q.token_stride % 4 == 0 &&
                    q.head_stride % 4 == 0,
                "{}: q at 0x{:x} with strides of {}, {} and {} elements: on a GPU they must be "
                "multiples of 8 bytes (variant sm90_simple takes any)",
                kOp, address, q.batch_stride, q.token_stride, q.head_stride);
  return Status::Ok();
}

/// Where sums of parts are kept, which the thread blocks of a launch add up.
Status set_records(const LaunchPlan& plan, const AttnDecodeArgs& args, select::Workspace workspace,
                   Stream& stream, Sm90Params& p) {
  p.row_blocks = plan.row_blocks, p.by_row_blocks = Divider(static_cast<uint32_t>(plan.row_blocks));
  p.pairs = p.kv_heads * p.row_blocks;
  p.block_records = 1, p.by_least = Divider(static_cast<uint32_t>(plan.least_units));
  p.item_cost = plan.item_units;
  const int64_t split = args.split_tokens;
  if (split > 0) {
    const int64_t splits = std::max<int64_t>((longest(args) + split - 1) / split, 1);
    OCTET_REQUIRE(splits <= kMostSplits,
                  "{}: split_tokens = {} cuts {} tokens into {} splits, on a GPU at most {} "
                  "(variant sm90_simple takes any)",
                  kOp, split, longest(args), splits, kMostSplits);
    const int64_t all = splits * args.q.batch * args.k.heads * plan.row_blocks;
    const int64_t share = (all + plan.shape.grid_x - 1) / plan.shape.grid_x + 1;
    p.fixed_splits = true, p.by_split = Divider(static_cast<uint32_t>(split / plan.unit));
    p.block_records = static_cast<int32_t>(std::min(splits, share)), p.by_least = Divider();
    p.item_cost = 0;
  }
  const int64_t bytes = int64_t{2} * plan.shape.grid_x * p.block_records * plan.record_bytes;
  void* memory = workspace.data;
  if (workspace.bytes < bytes) {
    OCTET_TRY(memory, stream.workspace(bytes));
  }
  p.records = static_cast<float*>(memory);
  OCTET_TRY(const gpu::Address words, gpu::zero_words(*gpu::queue_of(stream)));
  p.counters = reinterpret_cast<uint32_t*>(words);
  return Status::Ok();
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
    OCTET_CHECK_OK(check_copies("k", args.k));
    OCTET_CHECK_OK(check_copies("v", args.v));
    OCTET_CHECK_OK(check_q(args));
    OCTET_CHECK_OK(set_records(plan, args, workspace, stream, p));
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
  const Status status = kernel->launch(queue, shape, &p);
  if (status.ok()) return status;
  return fail(status.code(), "{} batch={} hq={} hkv={} d={}: {}: {}", kOp, args.q.batch,
              args.q.heads, args.k.heads, args.q.dim, kernel->entry(), status.message());
}

}  // namespace octet::ops::attn_decode::cuda
