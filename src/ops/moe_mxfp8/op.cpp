// moe_mxfp8: validate, lay out the workspace, then the steps one after the other.
#include <algorithm>

#include "octet/moe_mxfp8.h"
#include "src/core/try.h"
#include "src/ops/moe_mxfp8/problem.h"
#include "src/ops/moe_mxfp8/steps.h"
#include "src/ops/registry.h"

namespace octet {
namespace {

namespace moe = ops::moe_mxfp8;

struct Sized {
  int64_t block_m;
  moe::Layout layout;
};

/// The tiles and the workspace of a call.
Result<Sized> size_of_call(const MoeMxfp8Args& args, const moe::Problem& problem,
                           const Stream& stream, const Options& options) {
  constexpr int64_t kAnyBlock = 8;
  const auto steps = [&](int64_t block_m) {
    return moe::steps_of(args, problem, block_m, moe::layout_of(problem, block_m, 0), nullptr);
  };
  const moe::Steps any = steps(kAnyBlock);
  const Options choice{options.variant};
  OCTET_TRY(const int64_t block1, gemm_grouped_block_m(any.gemm1, stream, choice));
  OCTET_TRY(const int64_t block2, gemm_grouped_block_m(any.gemm2, stream, choice));
  const int64_t block_m = std::max(block1, block2);
  const moe::Steps sized = steps(block_m);
  OCTET_TRY(const int64_t bytes1, gemm_grouped_workspace_bytes(sized.gemm1, stream, choice));
  OCTET_TRY(const int64_t bytes2, gemm_grouped_workspace_bytes(sized.gemm2, stream, choice));
  return Sized{block_m, moe::layout_of(problem, block_m, std::max(bytes1, bytes2))};
}

/// Each step may begin while the one before it ends. The first product lets the activation begin
/// when the slots are there, and that the second product at once, which so finds the list and asks
/// for its weights while the first one ends.
Status run(moe::Steps& steps, bool quantized, Stream& stream, const Options& options) {
  Options product = options;  // with the scratch memory of the products
  product.overlap_previous = true;
  steps.activate.overlap_previous = steps.reduce.overlap_previous = true;
  steps.activate.pass_at_once = steps.gemm2.list_is_older = steps.reduce.ids_are_older = true;
  steps.quantize_x.overlap_previous = options.overlap_previous;
  // Behind quantize_x, which begins after all that came before it; else the ids may be just made.
  steps.align.overlap_previous = !quantized;
  if (!quantized) OCTET_CHECK_OK(quantize(steps.quantize_x, stream));
  OCTET_CHECK_OK(moe_align(steps.align, stream));
  OCTET_CHECK_OK(gemm_grouped(steps.gemm1, stream, product));
  OCTET_CHECK_OK(quantize(steps.activate, stream));
  OCTET_CHECK_OK(gemm_grouped(steps.gemm2, stream, product));
  return moe_reduce(steps.reduce, stream);
}

}  // namespace

Status moe_mxfp8(const MoeMxfp8Args& args, Stream& stream, const Options& options) {
  OCTET_TRY(const moe::Problem problem, moe::validate(args));
  if (problem.tokens == 0) return Status::Ok();
  OCTET_CHECK_OK(moe::check_memory(args, problem, stream.is_gpu()));
  OCTET_TRY(const Sized sized, size_of_call(args, problem, stream, options));
  OCTET_TRY(const select::Workspace space, ops::workspace(stream, options, sized.layout.bytes));
  auto* memory = static_cast<uint8_t*>(space.data);
  moe::Steps steps = moe::steps_of(args, problem, sized.block_m, sized.layout, memory);
  Options inner{options.variant, memory + sized.layout.scratch,
                sized.layout.bytes - sized.layout.scratch, options.overlap_previous};
  return run(steps, problem.quantized, stream, inner);
}

Result<MoeMxfp8Plan> plan_moe_mxfp8(const MoeMxfp8Args& args, const Stream& stream,
                                    const Options& options) {
  OCTET_TRY(const moe::Problem problem, moe::validate(args));
  OCTET_TRY(const Sized sized, size_of_call(args, problem, stream, options));
  const moe::Steps steps = moe::steps_of(args, problem, sized.block_m, sized.layout, nullptr);
  MoeMxfp8Plan plan;
  OCTET_TRY(plan.gemm1, plan_gemm_grouped(steps.gemm1, stream, {options.variant}));
  OCTET_TRY(plan.gemm2, plan_gemm_grouped(steps.gemm2, stream, {options.variant}));
  plan.block_m = sized.block_m;
  plan.workspace_bytes = sized.layout.bytes;
  return plan;
}

}  // namespace octet
