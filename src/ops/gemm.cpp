#include "src/ops/gemm.h"

#include <limits>
#include <vector>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::ops {

uint32_t gemm_output_code(DType d) {
  uint32_t code = 0;
  while (kGemmOutputs[code] != d) ++code;
  return code;
}

Result<uint32_t> parse_gemm_format(std::string_view op, std::string_view name, uint32_t count,
                                   std::string (*format_name)(uint32_t)) {
  std::vector<std::string> names;
  for (uint32_t code = 0; code < count; ++code) {
    names.push_back(format_name(code));
    if (names.back() == name) return code;
  }
  return fail(StatusCode::kInvalidArgument, "{}: unknown format '{}'{}; known: {}", op, name,
              did_you_mean(name, names), join(names, " "));
}

int64_t gemm_bytes(std::span<const int64_t> operands, int64_t m, int64_t n, DType d) {
  // Why double: the result alone passes int64 where m and n are near 2^31. Exact below 2^53.
  double bytes = static_cast<double>(m) * static_cast<double>(n) * size_of(d);
  for (const int64_t operand : operands) bytes += static_cast<double>(operand);
  return bytes < 0x1p63 ? static_cast<int64_t>(bytes) : std::numeric_limits<int64_t>::max();
}

Status check_gemm_dims(std::string_view op, std::array<int64_t, 3> mnk, int64_t k_multiple) {
  constexpr int64_t kMaxDim = int64_t{1} << 31;
  const auto [m, n, k] = mnk;
  OCTET_REQUIRE(m >= 0 && m < kMaxDim, "{}: m = {}, must be 0 to 2^31 - 1", op, m);
  OCTET_REQUIRE(n >= 0 && n < kMaxDim, "{}: n = {}, must be 0 to 2^31 - 1", op, n);
  OCTET_REQUIRE(k >= k_multiple && k < kMaxDim && k % k_multiple == 0,
                "{}: k = {}, must be a multiple of {}, at least {}", op, k, k_multiple, k_multiple);
  return Status::Ok();
}

Status check_gemm_output(std::string_view op, DType d) {
  OCTET_REQUIRE(d == DType::kBf16 || d == DType::kF16 || d == DType::kF32,
                "{}: d.dtype = {}, must be bf16, f16 or f32", op, dtype_name(d));
  return Status::Ok();
}

Status check_gemm_shape(std::string_view op, std::string_view name, GemmShape is, GemmShape must) {
  OCTET_REQUIRE(is.rows == must.rows && is.cols == must.cols,
                "{}: {} is ({}, {}), must be ({}, {})", op, name, is.rows, is.cols, must.rows,
                must.cols);
  return Status::Ok();
}

Status check_gemm_stride(std::string_view op, std::string_view name, int64_t row_stride,
                         int64_t cols) {
  OCTET_REQUIRE(row_stride == 0 || row_stride >= cols,
                "{}: {}.row_stride = {}, must be at least its {} columns", op, name, row_stride,
                cols);
  return Status::Ok();
}

Status check_gemm_experts(std::string_view op, std::string_view name, const ConstExperts& is,
                          int64_t experts, GemmShape must) {
  OCTET_REQUIRE(is.experts == experts && is.rows == must.rows && is.cols == must.cols,
                "{}: {} is ({}, {}, {}), must be ({}, {}, {})", op, name, is.experts, is.rows,
                is.cols, experts, must.rows, must.cols);
  OCTET_CHECK_OK(check_gemm_stride(op, name, is.row_stride, is.cols));
  const int64_t span = is.rows == 0 ? 0 : (is.rows - 1) * is.stride() + is.cols;
  OCTET_REQUIRE(is.expert_stride == 0 || is.expert_stride >= span,
                "{}: {}.expert_stride = {}, must be at least the {} elements of an expert", op,
                name, is.expert_stride, span);
  return Status::Ok();
}

}  // namespace octet::ops
