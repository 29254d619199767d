// What a call of attn_decode must be: every refusal names argument, value and limit.
#include <algorithm>
#include <array>
#include <cmath>

#include "src/core/try.h"
#include "src/ops/attn_decode/op.h"
#include "src/ops/gemm.h"

namespace octet::ops::attn_decode {
namespace {

constexpr std::string_view kOp = "attn_decode";
constexpr int64_t kMost = int64_t{1} << 31;  // of sequences, blocks and tokens: ids are int32
constexpr int64_t kMostHeads = 1024, kMostQueries = 8, kLeastDim = 16, kMostDim = 512;
constexpr int64_t kLeastSplit = 256, kMostSplit = 2048, kSplitStep = 64;

Status check_dims(const Problem& p) {
  OCTET_REQUIRE(p.batch >= 0 && p.batch < kMost, "{}: batch = {}, must be 0 to 2^31 - 1", kOp,
                p.batch);
  OCTET_REQUIRE(p.q_tokens >= 1 && p.q_tokens <= kMostQueries,
                "{}: query tokens = {}, must be 1 to {}", kOp, p.q_tokens, kMostQueries);
  OCTET_REQUIRE(p.q_heads >= 1 && p.q_heads <= kMostHeads, "{}: query heads = {}, must be 1 to {}",
                kOp, p.q_heads, kMostHeads);
  OCTET_REQUIRE(p.kv_heads >= 1 && p.q_heads % p.kv_heads == 0,
                "{}: KV heads = {}, must divide the {} query heads", kOp, p.kv_heads, p.q_heads);
  OCTET_REQUIRE(p.dim >= kLeastDim && p.dim <= kMostDim && p.dim % 8 == 0,
                "{}: dim = {}, must be a multiple of 8, {} to {}", kOp, p.dim, kLeastDim, kMostDim);
  OCTET_REQUIRE(p.context >= 0 && p.context < kMost, "{}: context = {}, must be 0 to 2^31 - 1", kOp,
                p.context);
  return Status::Ok();
}

Status check_types(const AttnDecodeArgs& args) {
  const DType q = args.q.dtype, kv = args.k.dtype, out = args.out.dtype;
  OCTET_REQUIRE(q == DType::kBf16 || q == DType::kF16, "{}: q.dtype = {}, must be bf16 or f16", kOp,
                dtype_name(q));
  OCTET_REQUIRE(kv == DType::kE4m3fn || kv == DType::kE5m2,
                "{}: k.dtype = {}, must be e4m3fn or e5m2", kOp, dtype_name(kv));
  OCTET_REQUIRE(args.v.dtype == kv, "{}: v.dtype = {}, must be {} as k", kOp,
                dtype_name(args.v.dtype), dtype_name(kv));
  OCTET_REQUIRE(out == DType::kBf16 || out == DType::kF16 || out == DType::kF32,
                "{}: out.dtype = {}, must be bf16, f16 or f32", kOp, dtype_name(out));
  return Status::Ok();
}

struct Stride {
  std::string_view name;
  int64_t value, least;
  bool used;  // there is more than one of what it steps over
};

Status check_strides(std::string_view name, const std::array<Stride, 3>& strides) {
  for (const Stride& stride : strides) {
    OCTET_REQUIRE(stride.value >= 0 && (!stride.used || stride.value >= stride.least),
                  "{}: {}.{} = {}, must be at least {}", kOp, name, stride.name, stride.value,
                  stride.least);
  }
  return Status::Ok();
}

template <class Pointer>
Status check_heads(std::string_view name, const BasicHeads<Pointer>& is, const ConstHeads& must) {
  OCTET_REQUIRE(is.batch == must.batch && is.tokens == must.tokens && is.heads == must.heads &&
                    is.dim == must.dim,
                "{}: {} is ({}, {}, {}, {}), must be ({}, {}, {}, {}) as q", kOp, name, is.batch,
                is.tokens, is.heads, is.dim, must.batch, must.tokens, must.heads, must.dim);
  const BasicHeads<Pointer> full = is.normalized();
  return check_strides(name, {{{"head_stride", full.head_stride, is.dim, is.heads > 1},
                               {"token_stride", full.token_stride, is.dim, is.tokens > 1},
                               {"batch_stride", full.batch_stride, is.dim, is.batch > 1}}});
}

Status check_scales(std::string_view name, const KvScales& s) {
  const bool token = s.block == KvScaleBlock::kTokenHead;
  OCTET_REQUIRE(token || s.shift == nullptr,
                "{}: {}.scales.shift is given, must be null but with "
                "a scale per token and head (kTokenHead)",
                kOp, name);
  OCTET_REQUIRE(token || s.packed == nullptr,
                "{}: {}.scales.packed is given, must be null but "
                "with a scale per token and head (kTokenHead)",
                kOp, name);
  OCTET_REQUIRE(s.packed == nullptr || (s.scale == nullptr && s.shift == nullptr),
                "{}: {}.scales.packed is given, so scale and shift must be null", kOp, name);
  const bool strided = s.block_stride != 0 || s.token_stride != 0 || s.head_stride != 0;
  OCTET_REQUIRE(token || !strided,
                "{}: {}.scales has strides ({}, {}, {}), must be 0 but with a scale per token and "
                "head (kTokenHead)",
                kOp, name, s.block_stride, s.token_stride, s.head_stride);
  return check_strides(name, {{{"scales.block_stride", s.block_stride, 0, true},
                               {"scales.token_stride", s.token_stride, 0, true},
                               {"scales.head_stride", s.head_stride, 0, true}}});
}

Status check_cache(std::string_view name, const KvCache& c, const AttnDecodeArgs& args) {
  const KvCache& k = args.k;
  OCTET_REQUIRE(c.dim == args.q.dim, "{}: {}.dim = {}, must be {} as q", kOp, name, c.dim,
                args.q.dim);
  OCTET_REQUIRE(c.blocks == k.blocks && c.block_tokens == k.block_tokens && c.heads == k.heads,
                "{}: {} is ({} blocks, {} tokens, {} heads), must be ({}, {}, {}) as k", kOp, name,
                c.blocks, c.block_tokens, c.heads, k.blocks, k.block_tokens, k.heads);
  const bool strided = c.block_stride != 0 || c.token_stride != 0 || c.head_stride != 0;
  OCTET_CHECK_OK(
      check_strides(name, {{{"block_stride", c.block_stride, c.dim, strided && c.blocks > 1},
                            {"token_stride", c.token_stride, c.dim, strided && c.block_tokens > 1},
                            {"head_stride", c.head_stride, c.dim, strided && c.heads > 1}}}));
  return check_scales(name, c.scales);
}

Status check_blocks(const AttnDecodeArgs& args) {
  constexpr std::array<int64_t, 5> kPages{1, 16, 32, 64, 128};
  const int64_t tokens = args.k.block_tokens, cols = args.page_table_cols;
  OCTET_REQUIRE(args.k.blocks >= 0 && args.k.blocks < kMost,
                "{}: k.blocks = {}, must be 0 to 2^31 - 1", kOp, args.k.blocks);
  OCTET_REQUIRE(cols >= 0 && cols < kMost, "{}: page_table_cols = {}, must be 0 to 2^31 - 1", kOp,
                cols);
  OCTET_REQUIRE(cols > 0 || args.page_table == nullptr,
                "{}: page_table_cols = 0 with a page_table, must be at least 1", kOp);
  if (cols == 0) {
    OCTET_REQUIRE(args.k.blocks == args.q.batch,
                  "{}: k.blocks = {}, must be batch = {} without a page table", kOp, args.k.blocks,
                  args.q.batch);
    OCTET_REQUIRE(tokens >= 0 && tokens < kMost, "{}: k.block_tokens = {}, must be 0 to 2^31 - 1",
                  kOp, tokens);
  } else {
    OCTET_REQUIRE(std::find(kPages.begin(), kPages.end(), tokens) != kPages.end(),
                  "{}: k.block_tokens = {}, must be 1, 16, 32, 64 or 128 with a page table", kOp,
                  tokens);
    OCTET_REQUIRE(args.page_table_stride == 0 || args.page_table_stride >= cols,
                  "{}: page_table_stride = {}, must be at least the {} columns", kOp,
                  args.page_table_stride, cols);
  }
  const int64_t capacity = tokens * std::max<int64_t>(cols, 1);
  OCTET_REQUIRE(args.max_seqlen >= 0 && args.max_seqlen <= capacity,
                "{}: max_seqlen = {}, must be 0 to the {} tokens that a sequence has room for", kOp,
                args.max_seqlen, capacity);
  return Status::Ok();
}

Status check_numbers(const AttnDecodeArgs& args) {
  OCTET_REQUIRE(std::isfinite(args.softmax_scale) && args.softmax_scale >= 0,
                "{}: softmax_scale = {}, must be finite and at least 0", kOp, args.softmax_scale);
  OCTET_REQUIRE(std::isfinite(args.soft_cap) && args.soft_cap >= 0,
                "{}: soft_cap = {}, must be finite and at least 0", kOp, args.soft_cap);
  OCTET_REQUIRE(args.window_left >= -1, "{}: window_left = {}, must be at least -1 (no window)",
                kOp, args.window_left);
  const int64_t split = args.split_tokens;
  OCTET_REQUIRE(
      split == 0 || (split >= kLeastSplit && split <= kMostSplit && split % kSplitStep == 0),
      "{}: split_tokens = {}, must be 0 or a multiple of {}, {} to {}", kOp, split, kSplitStep,
      kLeastSplit, kMostSplit);
  return Status::Ok();
}

Status check_scale_pointers(std::string_view name, const KvScales& s) {
  const bool given = s.scale != nullptr || s.packed != nullptr;
  OCTET_REQUIRE(given || s.block == KvScaleBlock::kTensor,
                "{}: {}.scales.scale is null, must be given with a scale per head or per token and "
                "head",
                kOp, name);
  return Status::Ok();
}

}  // namespace

Result<Problem> validate(const AttnDecodeArgs& args) {
  OCTET_CHECK_OK(check_types(args));
  OCTET_CHECK_OK(check_blocks(args));
  const Problem p = problem_of(args);
  OCTET_CHECK_OK(check_dims(p));
  OCTET_CHECK_OK(check_heads("q", args.q, args.q));
  OCTET_CHECK_OK(check_heads("out", args.out, args.q));
  OCTET_CHECK_OK(check_cache("k", args.k, args));
  OCTET_CHECK_OK(check_cache("v", args.v, args));
  OCTET_CHECK_OK(check_numbers(args));
  return p;
}

Status validate_problem(const select::Problem& problem) { return check_dims(from(problem)); }

Status check_pointers(const AttnDecodeArgs& args) {
  OCTET_REQUIRE(args.q.data && args.out.data, "{}: q and out must not be null", kOp);
  OCTET_REQUIRE((args.k.data && args.v.data) || args.k.blocks == 0 || args.k.block_tokens == 0,
                "{}: k and v must not be null", kOp);
  OCTET_REQUIRE(args.page_table != nullptr || args.page_table_cols == 0,
                "{}: page_table is null, must be given with page_table_cols = {}", kOp,
                args.page_table_cols);
  OCTET_CHECK_OK(check_scale_pointers("k", args.k.scales));
  return check_scale_pointers("v", args.v.scales);
}

}  // namespace octet::ops::attn_decode
