// Entry points of gemm_mxfp8: validate, choose, launch.
#include "src/ops/gemm_mxfp8/op.h"

#include "src/core/try.h"
#include "src/ops/gemm.h"
#include "src/ops/registry.h"

namespace octet {

namespace gemm = ops::gemm_mxfp8;

Status gemm_mxfp8(const GemmMxfp8Args& args, Stream& stream, const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  if (problem.m == 0 || problem.n == 0) return Status::Ok();
  OCTET_REQUIRE(args.a.data && args.b.data && args.a_scale.data && args.b_scale.data && args.d.data,
                "gemm_mxfp8: a, b, a_scale, b_scale and d must not be null");
  return ops::launch(gemm::op(), gemm::to_select(problem), &args, stream, options);
}

Result<Plan> plan_gemm_mxfp8(const GemmMxfp8Args& args, const Stream& stream,
                             const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  return select::explain(gemm::op(), gemm::to_select(problem), stream.device(), ops::tuned_tables(),
                         {options.variant});
}

}  // namespace octet

namespace octet::ops::gemm_mxfp8 {
namespace {

constexpr std::string_view kOp = "gemm_mxfp8";

Status check_dtype(const char* name, DType is, DType must) {
  OCTET_REQUIRE(is == must, "{}: {}.dtype = {}, must be {}", kOp, name, dtype_name(is),
                dtype_name(must));
  return Status::Ok();
}

Status check_types(const GemmMxfp8Args& args) {
  OCTET_CHECK_OK(check_dtype("a", args.a.dtype, DType::kE4m3fn));
  OCTET_CHECK_OK(check_dtype("b", args.b.dtype, DType::kE4m3fn));
  OCTET_CHECK_OK(check_dtype("a_scale", args.a_scale.dtype, DType::kE8m0));
  OCTET_CHECK_OK(check_dtype("b_scale", args.b_scale.dtype, DType::kE8m0));
  return check_gemm_output(kOp, args.d.dtype);
}

}  // namespace

Result<Problem> validate(const GemmMxfp8Args& args) {
  const int64_t m = args.a.rows, n = args.b.rows, k = args.a.cols;
  OCTET_CHECK_OK(check_types(args));
  OCTET_CHECK_OK(check_gemm_dims(kOp, {m, n, k}, kScaleBlock));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "b", args.b, {n, k}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "d", args.d, {m, n}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "a_scale", args.a_scale, {m, k / kScaleBlock}));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "b_scale", args.b_scale, {n, k / kScaleBlock}));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "a", args.a));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "b", args.b));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "a_scale", args.a_scale));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "b_scale", args.b_scale));
  OCTET_CHECK_OK(check_gemm_stride(kOp, "d", args.d));
  return problem_of(args);
}

Status validate_problem(const select::Problem& problem) {
  return check_gemm_dims(kOp, {problem.field[0], problem.field[1], problem.field[2]}, kScaleBlock);
}

}  // namespace octet::ops::gemm_mxfp8
