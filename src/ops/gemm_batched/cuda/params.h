// What the host passes to the sm90 kernels of gemm_batched, by value.
#pragma once

#include "src/core/divider.h"
#include "src/gpu/gemm_params.h"
#include "src/ops/gemm_batched/gpu_params.h"

namespace octet::ops::gemm_batched {

using gpu::OutputType;

/// a and b of GemmParams are maps of stacks of matrices: boxes of 128 bytes of k of rows of one
/// matrix. a is that of prepared tokens where a kernel reads those.
struct Sm90Params : gpu::GemmParams, GpuOperands {
  gpu::TensorMap d_map;      // of d, for results of 16 bits: boxes of 64 x 64 of one matrix
  gpu::TensorMap exponents;  // of weights, (batch, n, k / 32) bytes: boxes of 16
  // Of prepared tokens, (batch, k / 128, m) float32 in boxes of one row, or k / 32 of eight.
  gpu::TensorMap token_scales;
  int32_t tiles;          // of a launch, all matrices together
  bool d_mapped;          // d_map holds
  bool exponents_mapped;  // exponents holds: rows and matrices begin at multiples of 16 bytes

  // Tokens as sm90_prepare leaves them for the product: rows of `wide_row` bytes, zeros behind k.
  uint8_t* wide;
  float* wide_scales;  // with codes of e4m3: one for each 128 of k and token, or for each 32,
  int64_t wide_row;    // wide_scale_row of them from one such run of k to the next
  int64_t wide_scale_row;
  Divider by_parts, by_m;  // what a thread prepares at once: so many a token, tokens a matrix
};

/// Values that come of e2m1 codes in bf16 lie this power of two below the real ones: all exponents
/// of tokens then fit.
inline constexpr int kFp4Offset = 5;
/// The same of e2m1 codes as e4m3: their exponents take the place of its lowest ones.
inline constexpr int kCodeOffset = 6;

}  // namespace octet::ops::gemm_batched
