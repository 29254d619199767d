// Entry points of gemm_grouped: validate, choose, launch.
#include "src/ops/gemm_grouped/op.h"

#include <algorithm>

#include "src/core/try.h"
#include "src/ops/gemm.h"
#include "src/ops/registry.h"

namespace octet {

namespace gemm = ops::gemm_grouped;

Status gemm_grouped(const GemmGroupedArgs& args, Stream& stream, const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  if (problem.tokens == 0 || problem.n == 0) return Status::Ok();
  OCTET_REQUIRE(args.a.data && args.b.data && args.a_scale.data && args.b_scale.data && args.d.data,
                "gemm_grouped: a, b, a_scale, b_scale and d must not be null");
  OCTET_REQUIRE(args.sorted_ids && args.tile_experts && args.counts,
                "gemm_grouped: sorted_ids, tile_experts and counts must not be null");
  return ops::launch(gemm::op(), gemm::to_select(problem), &args, stream, options);
}

Result<Plan> plan_gemm_grouped(const GemmGroupedArgs& args, const Stream& stream,
                               const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  return select::explain(gemm::op(), gemm::to_select(problem), stream.device(), ops::tuned_tables(),
                         {options.variant});
}

Result<int64_t> gemm_grouped_block_m(const GemmGroupedArgs& args, const Stream& stream,
                                     const Options& options) {
  OCTET_TRY(gemm::Problem problem, gemm::validate_operands(args));
  problem.block_m = 0;
  OCTET_TRY(const select::Choice choice,
            ops::choose(gemm::op(), gemm::to_select(problem), stream, options));
  return gemm::block_m_of(gemm::variants()[static_cast<size_t>(choice.variant)].tile);
}

Result<int64_t> gemm_grouped_workspace_bytes(const GemmGroupedArgs& args, const Stream& stream,
                                             const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  const select::Problem to_choose = gemm::to_select(problem);
  OCTET_TRY(const select::Choice choice, ops::choose(gemm::op(), to_choose, stream, options));
  const select::Variant& variant = gemm::variants()[static_cast<size_t>(choice.variant)];
  return variant.workspace_bytes(variant.config, to_choose, stream.device());
}

}  // namespace octet

namespace octet::ops::gemm_grouped {
namespace {

constexpr std::string_view kOp = "gemm_grouped";
constexpr int64_t kLeastBlock = 8, kMostBlock = 128;

/// The limits of a slot list are those of moe_align.
Status check_routing(const Problem& p, int64_t block_m) {
  const auto slots = moe_align_max_slots(p.tokens, p.topk, p.experts, block_m);
  if (slots.ok()) return Status::Ok();
  return fail(slots.status().code(), "{}: {}", kOp, slots.status().message());
}

Status check_types(const GemmGroupedArgs& args) {
  const auto check = [](const char* name, DType is, DType must) -> Status {
    OCTET_REQUIRE(is == must, "{}: {}.dtype = {}, must be {}", kOp, name, dtype_name(is),
                  dtype_name(must));
    return Status::Ok();
  };
  OCTET_CHECK_OK(check("a", args.a.dtype, DType::kE4m3fn));
  OCTET_CHECK_OK(check("b", args.b.dtype, DType::kE4m3fn));
  const DType scale = args.a_scale.dtype;
  OCTET_REQUIRE(scale == DType::kE8m0 || scale == DType::kF32,
                "{}: a_scale.dtype = {}, must be e8m0 (mxfp8) or f32 (blockscale)", kOp,
                dtype_name(scale));
  OCTET_REQUIRE(args.b_scale.dtype == scale, "{}: b_scale.dtype = {}, must be {} as a_scale", kOp,
                dtype_name(args.b_scale.dtype), dtype_name(scale));
  return check_gemm_output(kOp, args.d.dtype);
}

Status check_list(const GemmGroupedArgs& args) {
  constexpr int64_t kPackedTokens = int64_t{1} << 24;
  OCTET_CHECK_OK(check_routing(problem_of(args), args.block_m));
  OCTET_REQUIRE(args.layout == SlotLayout::kFlat || args.tokens < kPackedTokens,
                "{}: tokens = {}, must be below {} in packed slots", kOp, args.tokens,
                kPackedTokens);
  OCTET_TRY(const int64_t slots,
            moe_align_max_slots(args.tokens, args.topk, args.b.experts, args.block_m));
  OCTET_REQUIRE(args.sorted_ids_size >= slots,
                "{}: sorted_ids_size = {}, must be at least {} (moe_align_max_slots) with "
                "block_m = {}",
                kOp, args.sorted_ids_size, slots, args.block_m);
  const int64_t tiles = args.sorted_ids_size / args.block_m;
  OCTET_REQUIRE(args.tile_experts_size >= tiles,
                "{}: tile_experts_size = {}, must be at least the {} tiles of block_m = {} in "
                "sorted_ids_size = {}",
                kOp, args.tile_experts_size, tiles, args.block_m, args.sorted_ids_size);
  return Status::Ok();
}

}  // namespace

Result<Problem> validate_operands(const GemmGroupedArgs& args) {
  OCTET_CHECK_OK(check_types(args));
  const Problem p = problem_of(args);
  OCTET_CHECK_OK(check_routing(p, kLeastBlock));
  OCTET_CHECK_OK(check_gemm_dims(kOp, {0, p.n, p.k}, p.scale_block()));
  OCTET_REQUIRE(args.a_div >= 1 && p.topk % args.a_div == 0,
                "{}: a_div = {}, must divide topk = {}", kOp, args.a_div, p.topk);
  const int64_t a_rows = p.rows() / args.a_div, blocks = p.num_k_blocks();
  const int64_t scale_rows = p.format == Format::kMxfp8 ? p.n : (p.n + 127) / 128;
  OCTET_CHECK_OK(check_gemm_shape(kOp, "a", args.a, {a_rows, p.k}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "a_scale", args.a_scale, {a_rows, blocks}));
  OCTET_CHECK_OK(check_gemm_experts(kOp, "b", args.b, p.experts, {p.n, p.k}));
  OCTET_CHECK_OK(check_gemm_experts(kOp, "b_scale", args.b_scale, p.experts, {scale_rows, blocks}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "d", args.d, {p.rows(), p.n}));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "a", args.a));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "a_scale", args.a_scale));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "d", args.d));
  return p;
}

Result<Problem> validate(const GemmGroupedArgs& args) {
  OCTET_TRY(const Problem problem, validate_operands(args));
  OCTET_CHECK_OK(check_list(args));
  return problem;
}

Status validate_problem(const select::Problem& problem) {
  const Problem p = from(problem);
  OCTET_CHECK_OK(check_routing(p, p.block_m == 0 ? kLeastBlock : p.block_m));
  return check_gemm_dims(kOp, {0, p.n, p.k}, p.scale_block());
}

int64_t block_m_of(const select::Tile& tile) {
  return std::clamp<int64_t>((tile.m + 7) / 8 * 8, kLeastBlock, kMostBlock);
}

}  // namespace octet::ops::gemm_grouped
