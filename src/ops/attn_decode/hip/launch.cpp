#include "src/ops/attn_decode/hip/launch.h"

#include "src/core/try.h"
#include "src/ops/attn_decode/cpu/view.h"
#include "src/ops/attn_decode/hip/split_shape.h"

namespace octet::ops::attn_decode::hip {
namespace {

constexpr std::string_view kOp = "attn_decode", kSimple = "gfx942_simple";
constexpr int64_t kMostTokens = (int64_t{1} << 31) - 1024;  // whole units are counted in 32 bits

Status check_token_bytes(std::string_view name, const KvCache& cache) {
  const int64_t bytes = code_steps(cache).token;
  OCTET_REQUIRE(
      bytes <= kMostTokenBytes,
      "{}: {} has {} bytes between tokens, on an AMD GPU at most {} (variant {} takes any)", kOp,
      name, bytes, kMostTokenBytes, kSimple);
  return Status::Ok();
}

Status check_operands(const AttnDecodeArgs& args) {
  OCTET_CHECK_OK(check_copies(args, kSimple));
  OCTET_CHECK_OK(check_token_bytes("k", args.k));
  return check_token_bytes("v", args.v);
}

}  // namespace

Result<Call> call_of(const LaunchPlan& plan, const AttnDecodeArgs& args) {
  OCTET_REQUIRE(longest(args) <= kMostTokens, "{}: max_seqlen = {}, must be up to {} on a GPU", kOp,
                longest(args), kMostTokens);
  Call call;
  set_operands(args, call.params);
  call.params.workgroups = static_cast<int32_t>(plan.shares.workgroups);
  call.shape.grid_x = plan.shares.workgroups, call.shape.block_x = plan.threads;
  call.kernel = plan.kernel;
  if (plan.shares.unit == 0) return call;
  OCTET_CHECK_OK(check_operands(args));
  OCTET_CHECK_OK(cut_line(plan.shares, args, kSimple, call.params));
  const bool scattered = args.page_table_cols > 0 && args.k.block_tokens < plan.shares.unit;
  if (scattered) call.kernel = plan.scattered_kernel;
  return call;
}

Status run(const LaunchPlan& plan, const AttnDecodeArgs& args, select::Workspace workspace,
           Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  OCTET_TRY(Call call, call_of(plan, args));
  if (plan.shares.unit > 0) {
    OCTET_CHECK_OK(set_records(plan.shares, workspace, stream, call.params));
  }
  return named_launch_error(args, *call.kernel,
                            call.kernel->launch(queue, call.shape, &call.params));
}

}  // namespace octet::ops::attn_decode::hip
