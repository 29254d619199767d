#include "src/ops/gemm_gpu.h"

#include "src/core/try.h"

namespace octet::ops {

Status check_gemm_copies(std::string_view op, std::string_view name, const ConstMatrix& matrix,
                         std::string_view any) {
  const auto address = reinterpret_cast<gpu::Address>(matrix.data);
  OCTET_REQUIRE(address % 16 == 0 && (matrix.stride() % 16 == 0 || matrix.rows == 1),
                "{}: {} at 0x{:x} with {} bytes between rows: on a GPU both must be "
                "multiples of 16{}",
                op, name, address, matrix.stride(),
                any.empty() ? "" : fmt::format(" (variant {} takes any)", any));
  return Status::Ok();
}

Result<gpu::TensorMap> gemm_operand_map(const gpu::Driver& driver, std::string_view op,
                                        std::string_view name, const ConstMatrix& matrix,
                                        int box_rows) {
  OCTET_CHECK_OK(check_gemm_copies(op, name, matrix));
  const auto address = reinterpret_cast<gpu::Address>(matrix.data);
  const int64_t stride = matrix.rows == 1 ? matrix.cols : matrix.stride();  // one row has none
  return driver.encode({address, matrix.rows, matrix.cols, stride, box_rows, 128});
}

gpu::OutputType gemm_output_type(DType dtype) {
  return dtype == DType::kBf16  ? gpu::OutputType::kBf16
         : dtype == DType::kF16 ? gpu::OutputType::kF16
                                : gpu::OutputType::kF32;
}

void set_gemm_params(gpu::GemmParams& params, const Matrix& d, int64_t k) {
  params.d = d.data;
  params.d_row = d.stride();
  params.m = static_cast<int32_t>(d.rows);
  params.n = static_cast<int32_t>(d.cols);
  params.k_blocks = static_cast<int32_t>(k / 128);
  params.output = gemm_output_type(d.dtype);
}

Status named_launch_error(std::string_view op, int64_t m, int64_t n, int64_t k,
                          const gpu::Kernel& kernel, const Status& status) {
  if (status.ok()) return status;
  return fail(status.code(), "{} m={} n={} k={}: {}: {}", op, m, n, k, kernel.entry(),
              status.message());
}

}  // namespace octet::ops
