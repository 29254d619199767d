#include "src/ops/gemm_mxfp8/cuda/launch.h"

#include "src/core/try.h"
#include "src/ops/gemm_gpu.h"
#include "src/ops/gemm_mxfp8/cuda/params.h"

namespace octet::ops::gemm_mxfp8::cuda {
namespace {

constexpr std::string_view kOp = "gemm_mxfp8";

/// Exponents are copied four at a time.
Status check_scale_words(const char* name, const ConstMatrix& scale) {
  const auto address = reinterpret_cast<gpu::Address>(scale.data);
  OCTET_REQUIRE(address % 4 == 0 && (scale.stride() % 4 == 0 || scale.rows == 1),
                "gemm_mxfp8: {} at 0x{:x} with {} bytes between rows: on a GPU both must be "
                "multiples of 4 (variant sm90_simple takes any)",
                name, address, scale.stride());
  return Status::Ok();
}

void set_operands(Sm90Params& params, const GemmMxfp8Args& args) {
  set_gemm_params(params, args.d, args.a.cols);
  params.a_scale = static_cast<const uint8_t*>(args.a_scale.data);
  params.b_scale = static_cast<const uint8_t*>(args.b_scale.data);
  params.a_scale_row = args.a_scale.stride();
  params.b_scale_row = args.b_scale.stride();
  params.a_codes = static_cast<const uint8_t*>(args.a.data);
  params.b_codes = static_cast<const uint8_t*>(args.b.data);
  params.a_row = args.a.stride();
  params.b_row = args.b.stride();
  params.k = static_cast<int32_t>(args.a.cols);
}

/// The map of the widened tokens in the workspace, rows of k bf16: boxes of 64 columns.
Result<gpu::TensorMap> wide_map(const gpu::Driver& driver, const LaunchPlan& plan,
                                const GemmMxfp8Args& args, void* workspace) {
  const auto address = reinterpret_cast<gpu::Address>(workspace);
  return driver.encode(
      {address, args.a.rows, args.a.cols, args.a.cols * 2, plan.a_box_rows, 64, 2, 128});
}

Status enqueue(const LaunchPlan& plan, Sm90Params& params, const gpu::Queue& queue) {
  if (plan.widen != nullptr) {
    OCTET_CHECK_OK(plan.widen->launch(queue, plan.widen_shape, &params));
  }
  return plan.kernel->launch(queue, plan.shape, &params);
}

}  // namespace

select::Support supports_tensor_maps(const Problem& problem) {
  if (problem.k % 128 == 0) return select::Support::yes();
  return select::Support::no(fmt::format("k = {}, must be a multiple of 128", problem.k));
}

Status run(const LaunchPlan& plan, const GemmMxfp8Args& args, select::Workspace workspace,
           Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  Sm90Params params{};
  set_operands(params, args);
  params.split = plan.split;
  params.dependent = plan.shape.dependent;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  if (plan.a_box_rows > 0) {
    OCTET_CHECK_OK(check_scale_words("a_scale", args.a_scale));
    OCTET_CHECK_OK(check_scale_words("b_scale", args.b_scale));
    OCTET_TRY(params.b, gemm_operand_map(*queue.driver, kOp, "b", args.b, plan.b_box_rows));
  }
  if (plan.widen != nullptr) {
    OCTET_CHECK_OK(check_gemm_copies(kOp, "a", args.a));
    params.wide_tokens = workspace.data;
    OCTET_TRY(params.wide_map, wide_map(*queue.driver, plan, args, workspace.data));
  } else if (plan.a_box_rows > 0) {
    OCTET_TRY(params.a, gemm_operand_map(*queue.driver, kOp, "a", args.a, plan.a_box_rows));
  }
  return named_launch_error(kOp, args.a.rows, args.b.rows, args.a.cols, *plan.kernel,
                            enqueue(plan, params, queue));
}

}  // namespace octet::ops::gemm_mxfp8::cuda
