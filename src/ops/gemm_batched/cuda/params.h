// What the host passes to the sm90 kernels of gemm_batched, by value.
#pragma once

#include "src/gpu/gemm_params.h"

namespace octet::ops::gemm_batched {

using gpu::OutputType;

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

/// a and b of GemmParams are maps of stacks of matrices: boxes of 128 bytes of k of rows of one
/// matrix. a is that of prepared tokens where a kernel reads those.
struct Sm90Params : gpu::GemmParams {
  gpu::TensorMap d_map;         // of d, for results of 16 bits: boxes of 64 x 64 of one matrix
  gpu::TensorMap exponents;     // of weights, (batch, n, k / 32) bytes: boxes of 16
  gpu::TensorMap token_scales;  // (batch, k / 128, m) float32 of prepared tokens, boxes of one row
  DeviceOperand a_rows, b_rows;
  DeviceFactors a_scale, b_scale;
  const void* bias;  // (batch, n), or null
  int64_t bias_row;
  int64_t d_batch;  // elements between matrices of d
  int64_t k;
  int32_t batch;
  int32_t tiles;  // of a launch, all matrices together
  bool bias_is_bf16;
  bool d_mapped;          // d_map holds
  bool exponents_mapped;  // exponents holds: rows and matrices begin at multiples of 16 bytes

  // Tokens as sm90_prepare leaves them for the product: rows of `wide_row` bytes, zeros behind k.
  uint8_t* wide;
  float* wide_scales;  // with codes of e4m3: one for each 128 of k and token,
  int64_t wide_row;    // wide_scale_row of them from one 128 of k to the next
  int64_t wide_scale_row;
};

/// Values that come of e2m1 codes in bf16 lie this power of two below the real ones: all exponents
/// of tokens then fit.
inline constexpr int kFp4Offset = 5;

}  // namespace octet::ops::gemm_batched
