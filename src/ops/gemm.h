// What the dense GEMMs share: the refusals of a call, names of formats, and the bytes that move.
//
//   d(m,n) = a(m,k) b(n,k)^T, a and b of 8-bit codes, with scales that each op describes
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "octet/status.h"
#include "octet/tensor.h"

namespace octet::ops {

inline constexpr std::array<std::string_view, 3> kGemmFields{"m", "n", "k"};

/// Types of d, in the order of format codes, and what they add to the name of a format.
inline constexpr std::array kGemmOutputs{DType::kBf16, DType::kF16, DType::kF32};
inline constexpr std::array<std::string_view, 3> kGemmOutputSuffixes{"", "_f16", "_f32"};

/// Index in kGemmOutputs.
uint32_t gemm_output_code(DType d);

/// The code whose name is `name`, of 0 to count - 1.
Result<uint32_t> parse_gemm_format(std::string_view op, std::string_view name, uint32_t count,
                                   std::string (*format_name)(uint32_t));

/// Bytes of operands of these sizes and of d; the largest int64 where they would pass that.
int64_t gemm_bytes(std::span<const int64_t> operands, int64_t m, int64_t n, DType d);

/// 0 <= m, n < 2^31; k a multiple of `k_multiple`, at least that.
Status check_gemm_dims(std::string_view op, std::array<int64_t, 3> mnk, int64_t k_multiple);

/// bf16, f16 or f32.
Status check_gemm_output(std::string_view op, DType d);

struct GemmShape {
  int64_t rows = 0, cols = 0;
};
Status check_gemm_shape(std::string_view op, std::string_view name, GemmShape is, GemmShape must);

/// `row_stride` as the caller gave it: 0 means dense.
Status check_gemm_stride(std::string_view op, std::string_view name, int64_t row_stride,
                         int64_t cols);

/// The stack of weights of `experts` experts, each as `must` says, and its strides.
Status check_gemm_experts(std::string_view op, std::string_view name, const ConstExperts& is,
                          int64_t experts, GemmShape must);

template <class M>
Status check_gemm_shape(std::string_view op, std::string_view name, const M& matrix,
                        GemmShape must) {
  return check_gemm_shape(op, name, GemmShape{matrix.rows, matrix.cols}, must);
}

template <class M>
Status check_gemm_stride(std::string_view op, std::string_view name, const M& matrix) {
  return check_gemm_stride(op, name, matrix.row_stride, matrix.cols);
}

}  // namespace octet::ops
