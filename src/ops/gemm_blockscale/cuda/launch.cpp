#include "src/ops/gemm_blockscale/cuda/launch.h"

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cuda/params.h"
#include "src/ops/gemm_gpu.h"

namespace octet::ops::gemm_blockscale::cuda {
namespace {

constexpr std::string_view kOp = "gemm_blockscale";

/// Results of 16 bits go out by the copy engine where d allows it; the kernel stores others itself.
Status set_d_map(const gpu::Driver& driver, const LaunchPlan& plan, const Matrix& d,
                 Sm90Params& params) {
  const auto address = reinterpret_cast<gpu::Address>(d.data);
  params.d_mapped = plan.d_box_cols > 0 && size_of(d.dtype) == 2 && address % 16 == 0 &&
                    d.stride() % 8 == 0 && d.cols % 8 == 0;
  if (!params.d_mapped) return Status::Ok();
  gpu::TensorMapShape shape{address,         d.rows,          d.cols, d.stride() * 2,
                            plan.d_box_rows, plan.d_box_cols, 2,      0};
  shape.swizzle_bytes = plan.d_box_cols * 2;
  OCTET_TRY(params.d_map, driver.encode(shape));
  return Status::Ok();
}

/// Column-major scales of a come by the copy engine; the kernel copies others itself.
Status set_a_scale_map(const gpu::Driver& driver, const LaunchPlan& plan, Sm90Params& params) {
  const auto address = reinterpret_cast<gpu::Address>(params.a_scale);
  const int64_t column_bytes = params.a_scale_block * 4;
  params.a_scale_mapped = plan.a_scale_box > 0 && params.a_scale_row == 1 && address % 16 == 0 &&
                          column_bytes % 16 == 0 && params.a_scale_block >= params.m;
  if (!params.a_scale_mapped) return Status::Ok();
  OCTET_TRY(params.a_scale_map, driver.encode({address, params.k_blocks, params.m, column_bytes, 1,
                                               plan.a_scale_box, 4, 0}));
  return Status::Ok();
}

void set_scalars(Sm90Params& params, const GemmBlockscaleArgs& args) {
  set_gemm_params(params, args.d, args.a.cols);
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  params.a_scale = a_scale.data;
  params.b_scale = b_scale.data;
  params.a_scale_row = a_scale.row_stride;
  params.a_scale_block = a_scale.col_stride;
  params.b_scale_row = b_scale.row_stride;
}

}  // namespace

select::Support supports_tensor_maps(const Problem& problem) {
  if (problem.ab != DType::kE4m3fn) return select::Support::no("sm90 multiplies e4m3fn only");
  if (problem.b_packed) return select::Support::no("reads row-major b, b is packed");
  return select::Support::yes();
}

Status run(const LaunchPlan& plan, const GemmBlockscaleArgs& args, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  Sm90Params params{};
  set_scalars(params, args);
  params.split = plan.split;
  params.dependent = plan.shape.dependent;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  if (plan.a_box_rows > 0) {
    OCTET_TRY(params.a, gemm_operand_map(*queue.driver, kOp, "a", args.a, plan.a_box_rows));
    OCTET_TRY(params.b, gemm_operand_map(*queue.driver, kOp, "b", args.b, plan.b_box_rows));
    OCTET_CHECK_OK(set_a_scale_map(*queue.driver, plan, params));
    OCTET_CHECK_OK(set_d_map(*queue.driver, plan, args.d, params));
  } else {
    params.a.words[0] = reinterpret_cast<gpu::Address>(args.a.data);
    params.a.words[1] = static_cast<uint64_t>(args.a.stride());
    params.b.words[0] = reinterpret_cast<gpu::Address>(args.b.data);
    params.b.words[1] = static_cast<uint64_t>(args.b.stride());
  }
  return named_launch_error(kOp, args.a.rows, args.b.rows, args.a.cols, *plan.kernel,
                            plan.kernel->launch(queue, plan.shape, &params));
}

}  // namespace octet::ops::gemm_blockscale::cuda
