#include "src/ops/moe_mxfp8/problem.h"

#include <algorithm>

#include "octet/moe_align.h"
#include "src/core/try.h"
#include "src/ops/gemm.h"

namespace octet::ops::moe_mxfp8 {
namespace {

constexpr std::string_view kOp = "moe_mxfp8";

bool is_quantized(const MoeMxfp8Args& args) { return args.x.dtype == DType::kE4m3fn; }

Status check_type(std::string_view name, DType is, DType must) {
  OCTET_REQUIRE(is == must, "{}: {}.dtype = {}, must be {}", kOp, name, dtype_name(is),
                dtype_name(must));
  return Status::Ok();
}

Status check_types(const MoeMxfp8Args& args) {
  const DType x = args.x.dtype, y = args.y.dtype;
  OCTET_REQUIRE(x == DType::kBf16 || x == DType::kF16 || x == DType::kF32 || x == DType::kE4m3fn,
                "{}: x.dtype = {}, must be bf16, f16, f32 or e4m3fn", kOp, dtype_name(x));
  OCTET_REQUIRE(is_quantized(args) || args.x_scale.data == nullptr,
                "{}: x_scale is given and x.dtype = {}, must be e4m3fn then", kOp, dtype_name(x));
  if (is_quantized(args)) {
    OCTET_CHECK_OK(check_type("x_scale", args.x_scale.dtype, DType::kE8m0));
  }
  OCTET_CHECK_OK(check_type("w1", args.w1.dtype, DType::kE4m3fn));
  OCTET_CHECK_OK(check_type("w1_scale", args.w1_scale.dtype, DType::kE8m0));
  OCTET_CHECK_OK(check_type("w2", args.w2.dtype, DType::kE4m3fn));
  OCTET_CHECK_OK(check_type("w2_scale", args.w2_scale.dtype, DType::kE8m0));
  OCTET_REQUIRE(y == DType::kBf16 || y == DType::kF16 || y == DType::kF32,
                "{}: y.dtype = {}, must be bf16, f16 or f32", kOp, dtype_name(y));
  OCTET_REQUIRE(args.activation != Activation::kNone,
                "{}: activation is none, must be silu_mul or clamped_swiglu", kOp);
  return Status::Ok();
}

/// The limits of moe_align, at its smallest and largest tiles.
Status check_routing(const Problem& p, const MoeMxfp8Args& args) {
  for (const int64_t experts : {p.experts, p.local_experts}) {
    for (const int64_t block_m : {8, 128}) {
      const auto slots = moe_align_max_slots(p.tokens, p.topk, experts, block_m);
      if (!slots.ok()) {
        return fail(slots.status().code(), "{}: {}", kOp, slots.status().message());
      }
    }
  }
  OCTET_REQUIRE(args.expert_mask != nullptr || p.experts == p.local_experts,
                "{}: experts = {} without an expert_mask, must be the {} of w1", kOp, p.experts,
                p.local_experts);
  OCTET_REQUIRE(p.experts >= p.local_experts,
                "{}: experts = {} with an expert_mask, must be at least the {} of w1", kOp,
                p.experts, p.local_experts);
  return Status::Ok();
}

Status check_sizes(const Problem& p) {
  constexpr int64_t kMost = int64_t{1} << 30;
  const auto check = [](const char* name, int64_t size) -> Status {
    OCTET_REQUIRE(size >= 32 && size % 32 == 0 && size < kMost,
                  "{}: {} = {}, must be a multiple of 32, at least 32 and below 2^30", kOp, name,
                  size);
    return Status::Ok();
  };
  OCTET_CHECK_OK(check("x.cols", p.hidden));
  return check("w2.cols", p.inner);
}

Status check_shapes(const Problem& p, const MoeMxfp8Args& args) {
  OCTET_CHECK_OK(check_gemm_stride(kOp, "x", args.x));
  if (p.quantized) {
    OCTET_CHECK_OK(check_gemm_shape(kOp, "x_scale", args.x_scale, {p.tokens, p.hidden / 32}));
    OCTET_CHECK_OK(check_gemm_stride(kOp, "x_scale", args.x_scale));
  }
  const int64_t experts = p.local_experts, both = 2 * p.inner;
  OCTET_CHECK_OK(check_gemm_experts(kOp, "w1", args.w1, experts, {both, p.hidden}));
  OCTET_CHECK_OK(
      check_gemm_experts(kOp, "w1_scale", args.w1_scale, experts, {both, p.hidden / 32}));
  OCTET_CHECK_OK(check_gemm_experts(kOp, "w2", args.w2, experts, {p.hidden, p.inner}));
  OCTET_CHECK_OK(
      check_gemm_experts(kOp, "w2_scale", args.w2_scale, experts, {p.hidden, p.inner / 32}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "y", args.y, {p.tokens, p.hidden}));
  return check_gemm_stride(kOp, "y", args.y);
}

}  // namespace

Result<Problem> validate(const MoeMxfp8Args& args) {
  OCTET_CHECK_OK(check_types(args));
  const int64_t local = args.w1.experts;
  const Problem p{args.x.rows,
                  args.topk,
                  args.experts == 0 ? local : args.experts,
                  local,
                  args.x.cols,
                  args.w2.cols,
                  is_quantized(args),
                  args.y.dtype == DType::kBf16 ? DType::kBf16 : DType::kF32};
  OCTET_CHECK_OK(check_routing(p, args));
  OCTET_CHECK_OK(check_sizes(p));
  OCTET_CHECK_OK(check_shapes(p, args));
  return p;
}

Status check_memory(const MoeMxfp8Args& args, const Problem& p, bool on_gpu) {
  OCTET_REQUIRE(args.x.data && args.topk_ids && args.y.data,
                "{}: x, topk_ids and y must not be null", kOp);
  OCTET_REQUIRE(!p.quantized || args.x_scale.data, "{}: x_scale must not be null with e4m3fn x",
                kOp);
  OCTET_REQUIRE(args.w1.data && args.w1_scale.data && args.w2.data && args.w2_scale.data,
                "{}: w1, w1_scale, w2 and w2_scale must not be null", kOp);
  if (on_gpu || args.expert_mask == nullptr) return Status::Ok();
  const auto local = p.experts - std::count(args.expert_mask, args.expert_mask + p.experts, 0);
  OCTET_REQUIRE(local == p.local_experts, "{}: expert_mask has {} experts, must have the {} of w1",
                kOp, local, p.local_experts);
  return Status::Ok();
}

}  // namespace octet::ops::moe_mxfp8
