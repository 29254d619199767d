#include "src/ops/quantize/append_problem.h"

#include <utility>

#include "src/ops/kv_cache.h"

namespace octet::ops::quantize {
namespace {

constexpr std::string_view kOp = "kv_append";
constexpr int64_t kMost = kMostKvTokens, kMostHeads = 1024;

Status check_types(const KvAppendArgs& args) {
  const DType k = args.k.dtype, cache = args.k_cache.dtype;
  OCTET_REQUIRE(k == DType::kF32 || k == DType::kBf16 || k == DType::kF16,
                "{}: k.dtype = {}, must be f32, bf16 or f16", kOp, dtype_name(k));
  OCTET_REQUIRE(args.v.dtype == k, "{}: v.dtype = {}, must be {} as k", kOp,
                dtype_name(args.v.dtype), dtype_name(k));
  OCTET_CHECK_OK(check_kv_type(kOp, "k_cache", cache));
  OCTET_REQUIRE(args.v_cache.dtype == cache, "{}: v_cache.dtype = {}, must be {} as k_cache", kOp,
                dtype_name(args.v_cache.dtype), dtype_name(cache));
  return Status::Ok();
}

Status check_rows(const KvAppendArgs& args) {
  const ConstHeads& k = args.k;
  OCTET_REQUIRE(k.heads >= 1 && k.heads <= kMostHeads, "{}: k.heads = {}, must be 1 to {}", kOp,
                k.heads, kMostHeads);
  OCTET_CHECK_OK(check_kv_dim(kOp, k.dim));
  OCTET_REQUIRE(k.batch >= 0 && k.batch < kMost, "{}: k.batch = {}, must be 0 to 2^31 - 1", kOp,
                k.batch);
  OCTET_REQUIRE(k.tokens >= 0 && k.tokens < kMost, "{}: k.tokens = {}, must be 0 to 2^31 - 1", kOp,
                k.tokens);
  OCTET_REQUIRE(k.batch * k.tokens <= (kMost - 1) / k.heads,
                "{}: k is {} x {} tokens of {} heads, must be 2^31 - 1 rows at most", kOp, k.batch,
                k.tokens, k.heads);
  OCTET_CHECK_OK(check_kv_heads(kOp, "k", k, "k", k));
  return check_kv_heads(kOp, "v", args.v, "k", k);
}

/// Where the strides of an array let two of its rows of `width` elements share memory.
Status check_apart(std::string_view name, const KvCache& c, Steps steps, int64_t width) {
  std::pair<int64_t, int64_t> by[] = {// step, count
                                      {steps.block, c.blocks},
                                      {steps.token, c.block_tokens},
                                      {steps.head, c.heads}};
  std::sort(std::begin(by), std::end(by));
  int64_t extent = width;
  for (const auto& [step, count] : by) {
    if (count <= 1) continue;
    OCTET_REQUIRE(step >= extent, "{}: {} strides are ({}, {}, {}), must keep all rows of {} apart",
                  kOp, name, steps.block, steps.token, steps.head, width);
    extent += step * (count - 1);
  }
  return Status::Ok();
}

Status check_cache(std::string_view name, const MutableKvCache& cache, const KvAppendArgs& args) {
  const KvCache c = read_only(cache);
  OCTET_REQUIRE(c.heads == args.k.heads && c.dim == args.k.dim,
                "{}: {} has {} heads of dim {}, must have {} of {} as k", kOp, name, c.heads, c.dim,
                args.k.heads, args.k.dim);
  OCTET_CHECK_OK(check_kv_cache(kOp, name, c, "k_cache", read_only(args.k_cache)));
  OCTET_CHECK_OK(check_kv_scale_pointers(kOp, name, c.scales));
  OCTET_CHECK_OK(check_apart(name, c, code_steps(c), c.dim));
  if (c.scales.block != KvScaleBlock::kTokenHead) return Status::Ok();
  return check_apart(fmt::format("{}.scales", name), c, scale_steps(c), 1);
}

int64_t sequences_of(const KvAppendArgs& args) {
  return args.cu_seqlens != nullptr ? args.sequences : args.k.batch;
}

Status check_slots(const KvAppendArgs& args) {
  OCTET_REQUIRE(args.seqlens == nullptr && args.cu_seqlens == nullptr &&
                    args.page_table == nullptr && args.page_table_cols == 0 && args.sequences == 0,
                "{}: slots are given, so seqlens, cu_seqlens, page_table, page_table_cols and "
                "sequences must be null or 0",
                kOp);
  const KvCache c = read_only(args.k_cache);
  OCTET_REQUIRE(c.blocks >= 0 && c.blocks < kMost, "{}: k_cache.blocks = {}, must be 0 to 2^31 - 1",
                kOp, c.blocks);
  OCTET_REQUIRE(c.block_tokens >= 0 && c.block_tokens < kMost,
                "{}: k_cache.block_tokens = {}, must be 0 to 2^31 - 1", kOp, c.block_tokens);
  return Status::Ok();
}

Status check_sequences(const KvAppendArgs& args) {
  OCTET_REQUIRE(args.seqlens != nullptr, "{}: slots and seqlens are null, one must be given", kOp);
  const int64_t given = args.sequences;
  if (args.cu_seqlens == nullptr) {
    OCTET_REQUIRE(given == 0 || given == args.k.batch,
                  "{}: sequences = {}, must be 0 or k.batch = {} without cu_seqlens", kOp, given,
                  args.k.batch);
  } else {
    OCTET_REQUIRE(args.k.batch == 1, "{}: k.batch = {}, must be 1 with cu_seqlens", kOp,
                  args.k.batch);
    OCTET_REQUIRE(given >= 0 && given < kMost, "{}: sequences = {}, must be 0 to 2^31 - 1", kOp,
                  given);
  }
  OCTET_CHECK_OK(check_kv_pages(
      kOp, "k_cache", read_only(args.k_cache),
      {sequences_of(args), args.page_table, args.page_table_cols, args.page_table_stride}));
  OCTET_REQUIRE(args.page_table != nullptr || args.page_table_cols == 0,
                "{}: page_table is null, must be given with page_table_cols = {}", kOp,
                args.page_table_cols);
  return Status::Ok();
}

Status check_capacity(const KvAppendArgs& args) {
  const int64_t blocks = args.k_cache.blocks, tokens = args.k_cache.block_tokens;
  OCTET_REQUIRE(tokens == 0 || blocks <= (kMost - 1) / tokens,
                "{}: k_cache is {} blocks of {} tokens, must be 2^31 - 1 tokens at most", kOp,
                blocks, tokens);
  return Status::Ok();
}

AppendSide side_of(const ConstHeads& x, const MutableKvCache& cache) {
  const KvCache c = read_only(cache);
  const ConstHeads full = x.normalized();
  const Steps codes = code_steps(c), scales = scale_steps(c);
  const BasicKvScales<void>& s = cache.scales;
  AppendSide side{full.data,
                  full.batch_stride,
                  full.token_stride,
                  full.head_stride,
                  static_cast<uint8_t*>(cache.data),
                  codes.block,
                  codes.token,
                  codes.head,
                  s.scale,
                  s.shift,
                  s.packed,
                  scales.block,
                  scales.token,
                  scales.head,
                  ScaleForm::kTensor};
  if (s.block == KvScaleBlock::kHead) side.form = ScaleForm::kHead;
  if (s.block == KvScaleBlock::kTokenHead) {
    side.form = s.packed != nullptr  ? ScaleForm::kPacked
                : s.shift != nullptr ? ScaleForm::kTokenShift
                                     : ScaleForm::kToken;
  }
  return side;
}

Input input_of(DType dtype) {
  return dtype == DType::kF32 ? Input::kF32 : dtype == DType::kBf16 ? Input::kBf16 : Input::kF16;
}

/// A divisor of what is not there is 1.
Divider divider_of(int64_t count) {
  return Divider(static_cast<uint32_t>(std::max<int64_t>(count, 1)));
}

}  // namespace

Result<AppendTask> validate(const KvAppendArgs& args) {
  OCTET_CHECK_OK(check_types(args));
  OCTET_CHECK_OK(check_rows(args));
  const bool empty = args.k.batch * args.k.tokens == 0;  // slots may be null then
  if (!empty) OCTET_CHECK_OK(args.slots != nullptr ? check_slots(args) : check_sequences(args));
  OCTET_CHECK_OK(check_capacity(args));
  OCTET_CHECK_OK(check_cache("k_cache", args.k_cache, args));
  OCTET_CHECK_OK(check_cache("v_cache", args.v_cache, args));
  const KvPages pages{0, args.page_table, args.page_table_cols, args.page_table_stride};
  const int64_t room = pages.capacity(read_only(args.k_cache));
  AppendTask task{};
  const bool none = empty || (args.slots == nullptr && sequences_of(args) == 0);
  task.tokens = none ? 0 : static_cast<uint32_t>(args.k.batch * args.k.tokens);
  OCTET_REQUIRE(task.tokens == 0 || (args.k.data && args.v.data), "{}: k and v must not be null",
                kOp);
  OCTET_REQUIRE((args.k_cache.data && args.v_cache.data) || task.tokens == 0 ||
                    args.k_cache.blocks == 0 || args.k_cache.block_tokens == 0,
                "{}: k_cache and v_cache must not be null", kOp);
  task.sides[0] = side_of(args.k, args.k_cache);
  task.sides[1] = side_of(args.v, args.v_cache);
  task.of_batch = divider_of(args.k.tokens);
  task.heads = divider_of(args.k.heads);
  task.dim = static_cast<int32_t>(args.k.dim);
  task.inverse_dim = 1.0f / static_cast<float>(args.k.dim);
  task.input = input_of(args.k.dtype);
  task.element = args.k_cache.dtype == DType::kE5m2 ? Element::kE5m2 : Element::kE4m3fn;
  task.slots = args.slots;
  task.seqlens = args.seqlens;
  task.cu_seqlens = args.cu_seqlens;
  task.page_table = args.page_table;
  task.page_table_stride =
      args.page_table_stride == 0 ? args.page_table_cols : args.page_table_stride;
  task.block_tokens = divider_of(args.k_cache.block_tokens);
  task.sequences = static_cast<int32_t>(args.slots != nullptr ? 0 : sequences_of(args));
  task.blocks = static_cast<int32_t>(args.k_cache.block_tokens == 0 ? 0 : args.k_cache.blocks);
  task.longest = static_cast<int32_t>(std::min(room, kMost - 1));
  return task;
}

}  // namespace octet::ops::quantize
