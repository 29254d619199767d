// Entry points of gemm_blockscale: validate, choose, launch.
#include "src/ops/gemm_blockscale/op.h"

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cpu/pack.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet {

namespace gemm = ops::gemm_blockscale;

Status gemm_blockscale(const GemmBlockscaleArgs& args, Stream& stream, const Options& options) {
  OCTET_TRY(const gemm::Problem problem, gemm::validate(args));
  if (problem.m == 0 || problem.n == 0) return Status::Ok();
  OCTET_REQUIRE(args.a.data && args.b.data && args.a_scale.data && args.b_scale.data && args.d.data,
                "gemm_blockscale: a, b, a_scale, b_scale and d must not be null");
  const select::Problem key = gemm::to_select(problem);
  OCTET_TRY(const select::Choice choice, ops::choose(gemm::op(), key, stream, options));
  const select::Variant& variant = gemm::variants()[static_cast<size_t>(choice.variant)];
  const int64_t bytes = variant.workspace_bytes(variant.config, key, stream.device());
  OCTET_TRY(select::Workspace workspace, ops::workspace(stream, options, bytes));
  workspace.overlap_previous = options.overlap_previous;
  return variant.launch(variant.config, &args, workspace, stream);
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

constexpr int64_t kMaxDim = int64_t{1} << 31;

Status check_dims(int64_t m, int64_t n, int64_t k) {
  OCTET_REQUIRE(m >= 0 && m < kMaxDim, "gemm_blockscale: m = {}, must be 0 to 2^31 - 1", m);
  OCTET_REQUIRE(n >= 0 && n < kMaxDim, "gemm_blockscale: n = {}, must be 0 to 2^31 - 1", n);
  OCTET_REQUIRE(k >= 128 && k < kMaxDim && k % 128 == 0,
                "gemm_blockscale: k = {}, must be a multiple of 128, at least 128", k);
  return Status::Ok();
}

Status check_types(const GemmBlockscaleArgs& args) {
  const bool fp8 = args.a.dtype == DType::kE4m3fn || args.a.dtype == DType::kE4m3fnuz;
  OCTET_REQUIRE(fp8, "gemm_blockscale: a.dtype = {}, must be e4m3fn or e4m3fnuz",
                dtype_name(args.a.dtype));
  OCTET_REQUIRE(args.b.dtype == args.a.dtype, "gemm_blockscale: b.dtype = {}, must be {} as a",
                dtype_name(args.b.dtype), dtype_name(args.a.dtype));
  const DType d = args.d.dtype;
  OCTET_REQUIRE(d == DType::kBf16 || d == DType::kF16 || d == DType::kF32,
                "gemm_blockscale: d.dtype = {}, must be bf16, f16 or f32", dtype_name(d));
  return Status::Ok();
}

template <class M>
Status check_shape(const char* name, const M& matrix, int64_t rows, int64_t cols) {
  OCTET_REQUIRE(matrix.rows == rows && matrix.cols == cols,
                "gemm_blockscale: {} is ({}, {}), must be ({}, {})", name, matrix.rows, matrix.cols,
                rows, cols);
  return Status::Ok();
}

template <class M>
Status check_stride(const char* name, const M& matrix) {
  OCTET_REQUIRE(matrix.stride() >= matrix.cols,
                "gemm_blockscale: {}.row_stride = {}, must be at least its {} columns", name,
                matrix.row_stride, matrix.cols);
  return Status::Ok();
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
  OCTET_CHECK_OK(check_dims(m, n, k));
  OCTET_CHECK_OK(check_shape("b", args.b, n, k));
  OCTET_CHECK_OK(check_shape("d", args.d, m, n));
  OCTET_CHECK_OK(check_shape("a_scale", args.a_scale, m, k / 128));
  OCTET_CHECK_OK(check_shape("b_scale", args.b_scale, (n + 127) / 128, k / 128));
  OCTET_CHECK_OK(check_stride("a", args.a));
  OCTET_CHECK_OK(check_stride("d", args.d));
  const bool packed = args.b_layout == WeightLayout::kPacked;
  if (!packed) OCTET_CHECK_OK(check_stride("b", args.b));
  OCTET_CHECK_OK(check_scales(args));
  return Problem{m, n, k, args.a.dtype, args.d.dtype, packed};
}

Status validate_problem(const select::Problem& problem) {
  return check_dims(problem.field[0], problem.field[1], problem.field[2]);
}

}  // namespace octet::ops::gemm_blockscale
