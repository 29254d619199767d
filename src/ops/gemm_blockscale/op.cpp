// Entry points of gemm_blockscale: validate, choose, launch.
#include "src/ops/gemm_blockscale/op.h"

#include "src/core/try.h"
#include "src/ops/gemm.h"
#include "src/ops/registry.h"

namespace octet {

namespace gemm = ops::gemm_blockscale;

Status gemm_blockscale(const GemmBlockscaleArgs& args, Stream& stream, const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  if (problem.m == 0 || problem.n == 0) return Status::Ok();
  OCTET_REQUIRE(args.a.data && args.b.data && args.a_scale.data && args.b_scale.data && args.d.data,
                "gemm_blockscale: a, b, a_scale, b_scale and d must not be null");
  return ops::launch(gemm::op(), gemm::to_select(problem), &args, stream, options);
}

Result<Plan> plan_gemm_blockscale(const GemmBlockscaleArgs& args, const Stream& stream,
                                  const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  return select::explain(gemm::op(), gemm::to_select(problem), stream.device(), ops::tuned_tables(),
                         {options.variant});
}

}  // namespace octet

namespace octet::ops::gemm_blockscale {
namespace {

constexpr std::string_view kOp = "gemm_blockscale";

Status check_types(const GemmBlockscaleArgs& args) {
  const bool fp8 = args.a.dtype == DType::kE4m3fn || args.a.dtype == DType::kE4m3fnuz;
  OCTET_REQUIRE(fp8, "gemm_blockscale: a.dtype = {}, must be e4m3fn or e4m3fnuz",
                dtype_name(args.a.dtype));
  OCTET_REQUIRE(args.b.dtype == args.a.dtype, "gemm_blockscale: b.dtype = {}, must be {} as a",
                dtype_name(args.b.dtype), dtype_name(args.a.dtype));
  return check_gemm_output(kOp, args.d.dtype);
}

Status check_scales(const GemmBlockscaleArgs& args) {
  const ScaleMatrix a = args.a_scale.normalized(), b = args.b_scale.normalized();
  const bool row_major = a.col_stride == 1 && a.row_stride >= a.cols;
  const bool column_major = a.row_stride == 1 && a.col_stride >= a.rows;
  OCTET_REQUIRE(row_major || column_major,
                "gemm_blockscale: a_scale strides are ({}, {}), must be row- or column-major",
                a.row_stride, a.col_stride);
  OCTET_REQUIRE(b.col_stride == 1 && b.row_stride >= b.cols,
                "gemm_blockscale: b_scale strides are ({}, {}), must be row-major", b.row_stride,
                b.col_stride);
  return Status::Ok();
}

}  // namespace

Result<Problem> validate(const GemmBlockscaleArgs& args) {
  const int64_t m = args.a.rows, n = args.b.rows, k = args.a.cols;
  OCTET_CHECK_OK(check_types(args));
  OCTET_CHECK_OK(check_gemm_dims(kOp, {m, n, k}, 128));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "b", args.b, {n, k}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "d", args.d, {m, n}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "a_scale", args.a_scale, {m, k / 128}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "b_scale", args.b_scale, {(n + 127) / 128, k / 128}));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "a", args.a));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "d", args.d));
  const bool packed = args.b_layout == WeightLayout::kPacked;
  if (!packed) OCTET_CHECK_OK(check_gemm_stride(kOp, "b", args.b));
  OCTET_CHECK_OK(check_scales(args));
  return problem_of(args);
}

Status validate_problem(const select::Problem& problem) {
  return check_gemm_dims(kOp, {problem.field[0], problem.field[1], problem.field[2]}, 128);
}

}  // namespace octet::ops::gemm_blockscale
