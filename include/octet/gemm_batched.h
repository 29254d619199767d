// gemm_batched: one matrix product for each of a batch, as latent attention (MLA) and grouped
// projections have them.
//
//   d[i] = scale(a[i] . b[i]^T) + bias[i]      i = 0 .. batch - 1
//
//   bf16           bf16 x bf16
//   a8w8           e4m3fn x e4m3fn or i8 x i8; f32 scales, one a row of a and one a row of b
//   a8w8_prequant  bf16 x e4m3fn; a is quantised inside, one f32 scale a row and 128 of k; one f32
//                  scale for all of b
//   a16wfp4        bf16 x e2m1 with one e8m0 scale per 32 of k; a is quantised inside to the same,
//                  or used in 16 bits
//   afp4wfp4       e2m1 x e2m1, one e8m0 scale per 32 of k on both
#pragma once

#include <cstdint>

#include "octet/options.h"
#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

/// What becomes of bf16 activations before e2m1 weights.
enum class Fp4Activations : uint8_t {
  kQuantized,  // MX e2m1, the scale rounded to even (MxRounding::kEven)
  kBf16,       // as they are
};

/// Operands. The dtypes of a and b say which format it is. batch = a.batch, 0 to 4096; m = a.rows
/// >= 0, n = b.rows >= 0, k = a.cols = b.cols >= 1, with e2m1 a multiple of 32. Strides are in
/// elements (codes: even for e2m1), 64-bit, of any size that keeps rows apart: a and d may be
/// (batch, m, .) or (m, batch, .) in memory.
///
/// Scales that a format does not have are null. e8m0: a byte s stands for 2^(s - 127); 255 is NaN
/// and makes its whole row or column of d NaN.
struct GemmBatchedArgs {
  ConstBatch a;        // (batch, m, k) bf16, e4m3fn, i8 or e2m1, activations
  ConstBatch b;        // (batch, n, k) bf16, e4m3fn, i8 or e2m1, weights
  ConstBatch a_scale;  // a8w8: (batch, m, 1) f32; afp4wfp4: (batch, m, k/32) e8m0
  ConstBatch b_scale;  // a8w8: (batch, n, 1) f32; a8w8_prequant: (1, 1, 1) f32, of all matrices;
                       // e2m1: (batch, n, k/32) e8m0
  ConstMatrix bias;    // (batch, n) f32 or bf16, added once before d is rounded; null: none
  Fp4Activations fp4_activations = Fp4Activations::kQuantized;  // a16wfp4 alone
  Batch d;  // (batch, m, n) bf16, f16 or f32; must not overlap an operand
};

/// Computes d in float32 accumulation. Activations of a8w8_prequant become e4m3fn as quantize makes
/// them (1x128, the last group of a row may be shorter), those of a16wfp4 MX e2m1: NaN and
/// infinities make their row of d NaN. Deterministic: operands and variant fix the bits, for any
/// number of threads. Errors: kInvalidArgument names argument, value and limit; kUnsupported where
/// no variant can run (plan_gemm_batched lists the reasons). Nothing is written on an error.
Status gemm_batched(const GemmBatchedArgs& args, Stream& stream, const Options& options = {});

/// The plan that gemm_batched would follow: variant, why, workspace. Pointers may be null.
Result<Plan> plan_gemm_batched(const GemmBatchedArgs& args, const Stream& stream,
                               const Options& options = {});

}  // namespace octet
