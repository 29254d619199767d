#include "src/ops/attn_decode/gpu_operands.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "src/core/try.h"
#include "src/ops/attn_decode/cpu/view.h"

namespace octet::ops::attn_decode {
namespace {

constexpr std::string_view kOp = "attn_decode";
constexpr double kLog2e = 1.4426950408889634;

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

void set_rows(const AttnDecodeArgs& args, GpuParams& p) {
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

Status check_cache(std::string_view name, const KvCache& cache, std::string_view simple) {
  const Steps steps = code_steps(cache);
  const auto address = reinterpret_cast<uintptr_t>(cache.data);
  OCTET_REQUIRE(
      address % 16 == 0 && steps.block % 16 == 0 && steps.token % 16 == 0 && steps.head % 16 == 0,
      "{}: {} at 0x{:x} with strides of {}, {} and {} bytes: on a GPU all must be "
      "multiples of 16 (variant {} takes any)",
      kOp, name, address, steps.block, steps.token, steps.head, simple);
  return Status::Ok();
}

Status check_q(const AttnDecodeArgs& args, std::string_view simple) {
  const ConstHeads q = args.q.normalized();
  const auto address = reinterpret_cast<uintptr_t>(q.data);
  OCTET_REQUIRE(address % 8 == 0 && q.batch_stride % 4 == 0 && q.token_stride % 4 == 0 &&
                    q.head_stride % 4 == 0,
                "{}: q at 0x{:x} with strides of {}, {} and {} elements: on a GPU they must be "
                "multiples of 8 bytes (variant {} takes any)",
                kOp, address, q.batch_stride, q.token_stride, q.head_stride, simple);
  return Status::Ok();
}

}  // namespace

void set_operands(const AttnDecodeArgs& args, GpuParams& p) {
  set_rows(args, p);
  p.k = cache_params(args.k), p.v = cache_params(args.v);
  p.e5m2 = args.k.dtype == DType::kE5m2;
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
  const double cap2 = static_cast<double>(args.soft_cap) * kLog2e;
  p.cap2 = static_cast<float>(cap2);
  p.by_cap2 = cap2 > 0 ? static_cast<float>(2 * kLog2e / cap2) : 0;
  p.fault = args.fault;
}

Status check_copies(const AttnDecodeArgs& args, std::string_view simple) {
  OCTET_CHECK_OK(check_cache("k", args.k, simple));
  OCTET_CHECK_OK(check_cache("v", args.v, simple));
  return check_q(args, simple);
}

Status cut_line(const GpuShares& shares, const AttnDecodeArgs& args, std::string_view simple,
                GpuParams& p) {
  p.row_blocks = shares.row_blocks;
  p.by_row_blocks = Divider(static_cast<uint32_t>(shares.row_blocks));
  p.pairs = p.kv_heads * p.row_blocks;
  p.workgroups = static_cast<int32_t>(shares.workgroups);
  p.block_records = 1, p.by_least = Divider(static_cast<uint32_t>(shares.least_units));
  const int64_t split = args.split_tokens;
  if (split > 0) {
    const int64_t splits = std::max<int64_t>((longest(args) + split - 1) / split, 1);
    OCTET_REQUIRE(splits <= kMostSplits,
                  "{}: split_tokens = {} cuts {} tokens into {} splits, on a GPU at most {} "
                  "(variant {} takes any)",
                  kOp, split, longest(args), splits, kMostSplits, simple);
    const int64_t all = splits * args.q.batch * args.k.heads * shares.row_blocks;
    const int64_t share = (all + shares.workgroups - 1) / shares.workgroups + 1;
    p.fixed_splits = true, p.by_split = Divider(static_cast<uint32_t>(split / shares.unit));
    p.block_records = static_cast<int32_t>(std::min(splits, share)), p.by_least = Divider();
  }
  return Status::Ok();
}

int64_t record_bytes(const GpuShares& shares, const GpuParams& params) {
  return int64_t{2} * shares.workgroups * params.block_records * shares.record_bytes;
}

Status set_records(const GpuShares& shares, select::Workspace workspace, Stream& stream,
                   GpuParams& p) {
  const int64_t bytes = record_bytes(shares, p);
  void* memory = workspace.data;
  if (workspace.bytes < bytes) {
    OCTET_TRY(memory, stream.workspace(bytes));
  }
  p.records = static_cast<float*>(memory);
  OCTET_TRY(const gpu::Address words, gpu::zero_words(*gpu::queue_of(stream)));
  p.counters = reinterpret_cast<uint32_t*>(words);
  return Status::Ok();
}

int64_t blocks_for(int64_t items, int64_t most, int64_t fan) {
  const auto few = [most](int64_t blocks) { return blocks * 16 < most * 15; };
  const int64_t items_each = (items + most - 1) / most, blocks_each = most / items;
  const int64_t blocks = items < most ? blocks_each * items : (items + items_each - 1) / items_each;
  if (items < most && blocks_each > fan && !few(fan * items)) return fan * items;
  return few(blocks) ? most : blocks;
}

MergeStatesParams merge_params(const AttnMergeArgs& args) {
  return {args.parts,
          args.lse,
          args.out.data,
          args.out_lse,
          args.rows,
          args.part_stride == 0 ? args.rows * args.dim : args.part_stride,
          args.out.stride(),
          static_cast<int32_t>(args.num_parts),
          static_cast<int32_t>(args.dim),
          0,
          out_type(args.out.dtype)};
}

Status named_launch_error(const AttnDecodeArgs& args, const gpu::Kernel& kernel,
                          const Status& status) {
  if (status.ok()) return status;
  return fail(status.code(), "{} batch={} hq={} hkv={} d={}: {}: {}", kOp, args.q.batch,
              args.q.heads, args.k.heads, args.q.dim, kernel.entry(), status.message());
}
Status named_launch_error(const AttnMergeArgs& args, const gpu::Kernel& kernel,
                          const Status& status) {
  if (status.ok()) return status;
  return fail(status.code(), "attn_merge_states parts={} rows={} dim={}: {}: {}", args.num_parts,
              args.rows, args.dim, kernel.entry(), status.message());
}

}  // namespace octet::ops::attn_decode
