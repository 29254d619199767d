// What the host passes to the sm90 kernels of gemm_batched, by value.
#pragma once

#include "src/gpu/gemm_params.h"
#include "src/ops/gemm_batched/gpu_params.h"

namespace octet::ops::gemm_batched {

using gpu::OutputType;

/// a and b of GemmParams are maps of stacks of matrices: boxes of 128 bytes of k of rows of one
/// matrix. a is that of prepared tokens where a kernel reads those.
struct Sm90Params : gpu::GemmParams, GpuOperands {
  gpu::TensorMap d_map;         // of d, for results of 16 bits: boxes of 64 x 64 of one matrix
  gpu::TensorMap exponents;     // of weights, (batch, n, k / 32) bytes: boxes of 16
  gpu::TensorMap token_scales;  // (batch, k / 128, m) float32 of prepared tokens, boxes of one row
  int32_t tiles;                // of a launch, all matrices together
  bool d_mapped;                // d_map holds
  bool exponents_mapped;        // exponents holds: rows and matrices begin at multiples of 16 bytes

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
