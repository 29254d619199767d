// A call of gemm_batched as kernels of any GPU read it, by value.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_batched {

/// What the elements of an operand are, and what becomes of them.
enum class DeviceCodes : int32_t { kBf16, kE4m3, kI8, kE2m1, kBf16ToE4m3, kBf16ToE2m1 };

/// A batch of matrices by addresses, in bytes; e2m1 has an e8m0 exponent per 32 of k.
struct DeviceOperand {
  const uint8_t* data;
  int64_t row, batch;
  const uint8_t* exponents;
  int64_t exponents_row, exponents_batch;
  DeviceCodes codes;
};

/// Float32 scales of rows of a batch; null: all are 1.
struct DeviceFactors {
  const float* data;
  int64_t row, batch;
};

struct GpuOperands {
  DeviceOperand a_rows, b_rows;
  DeviceFactors a_scale, b_scale;
  const void* bias;  // (batch, n), or null
  int64_t bias_row;
  int64_t d_batch;  // elements between matrices of d
  int64_t k;
  int32_t batch;
  bool bias_is_bf16;
};

}  // namespace octet::ops::gemm_batched
