// What gemm_batched refuses.
#include "src/core/try.h"
#include "src/ops/gemm.h"
#include "src/ops/gemm_batched/op.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr std::string_view kOp = "gemm_batched";

/// The sizes and the type of a batch of matrices.
struct Must {
  int64_t batch, rows, cols;
  DType dtype;
};

Status check_pair(DType a, DType b) {
  const bool fp4_of = a == DType::kBf16 || a == DType::kE2m1;
  const bool known = (b == DType::kBf16 && a == b) || (b == DType::kI8 && a == b) ||
                     (b == DType::kE4m3fn && (a == b || a == DType::kBf16)) ||
                     (b == DType::kE2m1 && fp4_of);
  OCTET_REQUIRE(known,
                "{}: a.dtype = {} with b.dtype = {}, must be bf16 with bf16, e4m3fn or e2m1, or "
                "e4m3fn, i8 or e2m1 with the same",
                kOp, dtype_name(a), dtype_name(b));
  return Status::Ok();
}

/// Elements from the first to the last, about. Why double: strides may be of any size here.
double span_of(const ConstBatch& is) {
  const double row = static_cast<double>(is.stride()), rows = static_cast<double>(is.rows);
  const double matrix = is.batch_stride == 0 ? rows * row : static_cast<double>(is.batch_stride);
  return rows * row + static_cast<double>(is.batch) * matrix;
}

/// Rows of a matrix, and those of other matrices, apart.
Status check_apart(std::string_view name, const ConstBatch& is) {
  if (is.rows == 0 || is.batch <= 1) return Status::Ok();
  const int64_t row = is.stride(), matrix = is.matrix_stride();
  const int64_t elements = (is.rows - 1) * row + is.cols;
  const bool inside = matrix >= is.cols && row >= (is.batch - 1) * matrix + is.cols;
  OCTET_REQUIRE(matrix >= elements || inside,
                "{}: {}.batch_stride = {}, must be at least the {} elements of a matrix, or its {} "
                "columns where row_stride = {} holds the {} rows of a batch",
                kOp, name, matrix, elements, is.cols, row, is.batch);
  return Status::Ok();
}

Status check_strides(std::string_view name, const ConstBatch& is) {
  OCTET_CHECK_OK(check_gemm_stride(kOp, name, is.row_stride, is.cols));
  OCTET_REQUIRE(is.batch_stride >= 0, "{}: {}.batch_stride = {}, must be at least 0", kOp, name,
                is.batch_stride);
  OCTET_REQUIRE(span_of(is) < 0x1p60,
                "{}: {} spans {:.3g} elements with row_stride = {} and batch_stride = {}, must be "
                "below 2^60",
                kOp, name, span_of(is), is.row_stride, is.batch_stride);
  OCTET_CHECK_OK(check_apart(name, is));
  OCTET_REQUIRE(is.dtype != DType::kE2m1 || (is.stride() % 2 == 0 && is.matrix_stride() % 2 == 0),
                "{}: {} has strides {} and {}, must be even for e2m1", kOp, name, is.stride(),
                is.matrix_stride());
  return Status::Ok();
}

Status check_batch(std::string_view name, const ConstBatch& is, const Must& must) {
  OCTET_REQUIRE(is.dtype == must.dtype, "{}: {}.dtype = {}, must be {}", kOp, name,
                dtype_name(is.dtype), dtype_name(must.dtype));
  OCTET_REQUIRE(is.batch == must.batch && is.rows == must.rows && is.cols == must.cols,
                "{}: {} is ({}, {}, {}), must be ({}, {}, {})", kOp, name, is.batch, is.rows,
                is.cols, must.batch, must.rows, must.cols);
  return check_strides(name, is);
}

Status check_absent(std::string_view name, const ConstBatch& is, const Problem& p) {
  OCTET_REQUIRE(is.data == nullptr, "{}: {} is given, must be null for {} with {}", kOp, name,
                dtype_name(p.a_dtype()), dtype_name(p.b_dtype()));
  return Status::Ok();
}

Status check_scales(const GemmBatchedArgs& args, const Problem& p) {
  const int64_t blocks = p.k / kMxBlock;
  if (p.is_a8w8()) {
    OCTET_CHECK_OK(check_batch("a_scale", args.a_scale, {p.batch, p.m, 1, DType::kF32}));
    return check_batch("b_scale", args.b_scale, {p.batch, p.n, 1, DType::kF32});
  }
  if (p.format == Format::kAfp4wfp4) {
    OCTET_CHECK_OK(check_batch("a_scale", args.a_scale, {p.batch, p.m, blocks, DType::kE8m0}));
  } else {
    OCTET_CHECK_OK(check_absent("a_scale", args.a_scale, p));
  }
  if (p.is_fp4()) {
    return check_batch("b_scale", args.b_scale, {p.batch, p.n, blocks, DType::kE8m0});
  }
  if (p.format == Format::kA8w8Prequant) {
    return check_batch("b_scale", args.b_scale, {1, 1, 1, DType::kF32});
  }
  return check_absent("b_scale", args.b_scale, p);
}

Status check_bias(const ConstMatrix& bias, const Problem& p) {
  if (bias.data == nullptr) return Status::Ok();
  OCTET_REQUIRE(bias.dtype == DType::kF32 || bias.dtype == DType::kBf16,
                "{}: bias.dtype = {}, must be f32 or bf16", kOp, dtype_name(bias.dtype));
  OCTET_CHECK_OK(check_gemm_shape(kOp, "bias", bias, {p.batch, p.n}));
  return check_gemm_stride(kOp, "bias", bias);
}

Status check_sizes(const Problem& p) {
  OCTET_REQUIRE(p.batch >= 0 && p.batch <= kMaxBatch, "{}: batch = {}, must be 0 to {}", kOp,
                p.batch, kMaxBatch);
  return check_gemm_dims(kOp, {p.m, p.n, p.k}, p.k_multiple());
}

}  // namespace

Result<Problem> validate(const GemmBatchedArgs& args) {
  OCTET_CHECK_OK(check_pair(args.a.dtype, args.b.dtype));
  OCTET_CHECK_OK(check_gemm_output(kOp, args.d.dtype));
  const Problem p = problem_of(args);
  OCTET_REQUIRE(
      args.fp4_activations == Fp4Activations::kQuantized || p.format == Format::kA16wfp4Wide,
      "{}: fp4_activations = kBf16, must be kQuantized unless bf16 meets e2m1", kOp);
  OCTET_CHECK_OK(check_sizes(p));
  OCTET_CHECK_OK(check_batch("a", args.a, {p.batch, p.m, p.k, p.a_dtype()}));
  OCTET_CHECK_OK(check_batch("b", args.b, {p.batch, p.n, p.k, p.b_dtype()}));
  OCTET_CHECK_OK(check_scales(args, p));
  OCTET_CHECK_OK(check_bias(args.bias, p));
  const Batch& d = args.d;
  OCTET_CHECK_OK(
      check_batch("d", {d.data, d.dtype, d.batch, d.rows, d.cols, d.row_stride, d.batch_stride},
                  {p.batch, p.m, p.n, p.d}));
  return p;
}

Status validate_problem(const select::Problem& problem) { return check_sizes(from(problem)); }

}  // namespace octet::ops::gemm_batched
