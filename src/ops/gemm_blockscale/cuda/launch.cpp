#include "src/ops/gemm_blockscale/cuda/launch.h"

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cuda/params.h"

namespace octet::ops::gemm_blockscale::cuda {
namespace {

Result<gpu::TensorMap> operand_map(const gpu::Driver& driver, const char* name,
                                   const ConstMatrix& matrix, int box_rows) {
  const auto address = reinterpret_cast<gpu::Address>(matrix.data);
  OCTET_REQUIRE(address % 16 == 0 && (matrix.stride() % 16 == 0 || matrix.rows == 1),
                "gemm_blockscale: {} at 0x{:x} with {} bytes between rows: on a GPU both must be "
                "multiples of 16 (variant sm90_simple takes any)",
                name, address, matrix.stride());
  const int64_t stride = matrix.rows == 1 ? matrix.cols : matrix.stride();  // one row has none
  return driver.encode({address, matrix.rows, matrix.cols, stride, box_rows, 128});
}

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

void set_scalars(Sm90Params& params, const GemmBlockscaleArgs& args) {
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  params.a_scale = a_scale.data;
  params.b_scale = b_scale.data;
  params.a_scale_row = a_scale.row_stride;
  params.a_scale_block = a_scale.col_stride;
  params.b_scale_row = b_scale.row_stride;
  params.d = args.d.data;
  params.d_row = args.d.stride();
  params.m = static_cast<int32_t>(args.a.rows);
  params.n = static_cast<int32_t>(args.b.rows);
  params.k_blocks = static_cast<int32_t>(args.a.cols / 128);
  params.output = args.d.dtype == DType::kBf16  ? OutputType::kBf16
                  : args.d.dtype == DType::kF16 ? OutputType::kF16
                                                : OutputType::kF32;
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
    OCTET_TRY(params.a, operand_map(*queue.driver, "a", args.a, plan.a_box_rows));
    OCTET_TRY(params.b, operand_map(*queue.driver, "b", args.b, plan.b_box_rows));
    OCTET_CHECK_OK(set_d_map(*queue.driver, plan, args.d, params));
  } else {
    params.a.words[0] = reinterpret_cast<gpu::Address>(args.a.data);
    params.a.words[1] = static_cast<uint64_t>(args.a.stride());
    params.b.words[0] = reinterpret_cast<gpu::Address>(args.b.data);
    params.b.words[1] = static_cast<uint64_t>(args.b.stride());
  }
  const Status status = plan.kernel->launch(queue, plan.shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "gemm_blockscale m={} n={} k={}: {}: {}", args.a.rows, args.b.rows,
              args.a.cols, plan.kernel->entry(), status.message());
}

}  // namespace octet::ops::gemm_blockscale::cuda
