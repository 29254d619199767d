// gemm_mxfp8: OCP MX matrix product, the format of MXFP8 checkpoints: e4m3fn codes with one e8m0
// scale per 32 of k on both operands.
//
//   d[m,n] = sum_kb 2^(a_scale[m,kb] - 127) * 2^(b_scale[n,kb] - 127)
//                   * dot(a[m, kb*32 .. kb*32+31], b[n, kb*32 ..])
#pragma once

#include "octet/options.h"
#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

/// Operands. m = a.rows >= 0, n = b.rows >= 0, k = a.cols = b.cols, a multiple of 32 and at least
/// 32. A scale byte s stands for 2^(s - 127); 255 is NaN and makes its whole row of d (a_scale) or
/// column of d (b_scale) NaN.
struct GemmMxfp8Args {
  ConstMatrix a;        // (m, k) e4m3fn, activations
  ConstMatrix b;        // (n, k) e4m3fn, weights
  ConstMatrix a_scale;  // (m, k/32) e8m0
  ConstMatrix b_scale;  // (n, k/32) e8m0
  Matrix d;             // (m, n) bf16, f16 or f32; must not overlap an operand
};

/// Computes d in float32 accumulation. Deterministic: operands and variant fix the bits, for any
/// number of threads (another number may lead to another plan). Errors: kInvalidArgument names
/// argument, value and limit; kUnsupported where no variant can run (plan_gemm_mxfp8 lists the
/// reasons). Nothing is written on an error.
Status gemm_mxfp8(const GemmMxfp8Args& args, Stream& stream, const Options& options = {});

/// The plan that gemm_mxfp8 would follow: variant, why, workspace. Pointers may be null.
Result<Plan> plan_gemm_mxfp8(const GemmMxfp8Args& args, const Stream& stream,
                             const Options& options = {});

}  // namespace octet
