// What a call of attn_decode must be: every refusal names argument, value and limit.
#include <cmath>

#include "src/core/try.h"
#include "src/ops/attn_decode/op.h"
#include "src/ops/kv_cache.h"

namespace octet::ops::attn_decode {
namespace {

constexpr std::string_view kOp = "attn_decode";
constexpr int64_t kMost = kMostKvTokens;
constexpr int64_t kMostHeads = 1024, kMostQueries = 8;
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
  OCTET_CHECK_OK(check_kv_dim(kOp, p.dim));
  OCTET_REQUIRE(p.context >= 0 && p.context < kMost, "{}: context = {}, must be 0 to 2^31 - 1", kOp,
                p.context);
  return Status::Ok();
}

Status check_types(const AttnDecodeArgs& args) {
  const DType q = args.q.dtype, kv = args.k.dtype, out = args.out.dtype;
  OCTET_REQUIRE(q == DType::kBf16 || q == DType::kF16, "{}: q.dtype = {}, must be bf16 or f16", kOp,
                dtype_name(q));
  OCTET_CHECK_OK(check_kv_type(kOp, "k", kv));
  OCTET_REQUIRE(args.v.dtype == kv, "{}: v.dtype = {}, must be {} as k", kOp,
                dtype_name(args.v.dtype), dtype_name(kv));
  OCTET_REQUIRE(out == DType::kBf16 || out == DType::kF16 || out == DType::kF32,
                "{}: out.dtype = {}, must be bf16, f16 or f32", kOp, dtype_name(out));
  return Status::Ok();
}

Status check_cache(std::string_view name, const KvCache& c, const AttnDecodeArgs& args) {
  OCTET_REQUIRE(c.dim == args.q.dim, "{}: {}.dim = {}, must be {} as q", kOp, name, c.dim,
                args.q.dim);
  return check_kv_cache(kOp, name, c, "k", args.k);
}

Status check_blocks(const AttnDecodeArgs& args) {
  const KvPages pages{args.q.batch, args.page_table, args.page_table_cols, args.page_table_stride};
  OCTET_CHECK_OK(check_kv_pages(kOp, "k", args.k, pages));
  OCTET_REQUIRE(args.max_seqlen >= 0 && args.max_seqlen <= pages.capacity(args.k),
                "{}: max_seqlen = {}, must be 0 to the {} tokens that a sequence has room for", kOp,
                args.max_seqlen, pages.capacity(args.k));
  return Status::Ok();
}

Status check_numbers(const AttnDecodeArgs& args) {
  OCTET_REQUIRE(std::isfinite(args.softmax_scale) && args.softmax_scale >= 0,
                "{}: softmax_scale = {}, must be finite and at least 0", kOp, args.softmax_scale);
  OCTET_REQUIRE(std::isfinite(args.soft_cap) && args.soft_cap >= 0,
                "{}: soft_cap = {}, must be finite and at least 0", kOp, args.soft_cap);
  OCTET_REQUIRE(args.window_left >= -1, "{}: window_left = {}, must be at least -1 (no window)",
                kOp, args.window_left);
  return validate_split(args.split_tokens);
}

}  // namespace

Status validate_split(int64_t split) {
  OCTET_REQUIRE(
      split == 0 || (split >= kLeastSplit && split <= kMostSplit && split % kSplitStep == 0),
      "{}: split_tokens = {}, must be 0 or a multiple of {}, {} to {}", kOp, split, kSplitStep,
      kLeastSplit, kMostSplit);
  return Status::Ok();
}

Result<Problem> validate(const AttnDecodeArgs& args) {
  OCTET_CHECK_OK(check_types(args));
  OCTET_CHECK_OK(check_blocks(args));
  const Problem p = problem_of(args);
  OCTET_CHECK_OK(check_dims(p));
  OCTET_CHECK_OK(check_kv_heads(kOp, "q", args.q, "q", args.q));
  OCTET_CHECK_OK(check_kv_heads(kOp, "out", args.out, "q", args.q));
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
  OCTET_CHECK_OK(check_kv_scale_pointers(kOp, "k", args.k.scales));
  return check_kv_scale_pointers(kOp, "v", args.v.scales);
}

}  // namespace octet::ops::attn_decode
