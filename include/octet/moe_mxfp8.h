// moe_mxfp8: a whole mixture-of-experts layer with MXFP8 weights, as one call on one stream.
//
//   xq        = x, or x in MX blocks (quantize, round-up)
//   h[t, j]   = xq[t] . w1[e]^T                       e = topk_ids[t, j]; bf16; gate, then up
//   hq[t, j]  = activation(gate) * up in MX blocks    (quantize, round-up)
//   r[t, j]   = topk_weights[t, j] * (hq[t, j] . w2[e]^T)     bf16 where y is bf16, else float32
//   y[t]      = sum of r[t, j] over j, ascending, in float32, rounded once
//
// It is the composition of quantize, moe_align, gemm_grouped and moe_reduce that
// docs/kernels/moe_mxfp8.md writes out, bit for bit. Choices of experts that the mask leaves out
// add nothing.
#pragma once

#include <cstdint>

#include "octet/options.h"
#include "octet/quantize.h"
#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

/// tokens = x.rows, 0 and up; d = x.cols and I = w2.cols, multiples of 32; E = w1.experts.
struct MoeMxfp8Args {
  ConstMatrix x;        // (tokens, d) bf16, f16 or f32; or e4m3fn with x_scale
  ConstMatrix x_scale;  // (tokens, d/32) e8m0, of e4m3fn x alone

  int64_t topk = 1;                      // choices of a token, 1 to 32; tokens * topk below 2^31
  int64_t experts = 0;                   // that ids count, 1 to 1024; 0: E
  const int32_t* topk_ids = nullptr;     // (tokens, topk), each 0 to experts - 1
  const float* topk_weights = nullptr;   // (tokens, topk); null: 1
  const int32_t* expert_mask = nullptr;  // (experts): nonzero for the E experts of this device, in
                                         // the order of w1 and w2. Null: all are, experts = E

  ConstExperts w1, w1_scale;  // (E, 2I, d) e4m3fn, rows of gate first; (E, 2I, d/32) e8m0
  ConstExperts w2, w2_scale;  // (E, d, I) e4m3fn; (E, d, I/32) e8m0
  Activation activation = Activation::kSiluMul;  // not kNone

  Matrix y;  // (tokens, d) bf16, f16 or f32; must not overlap an operand
};

/// What a call runs.
struct MoeMxfp8Plan {
  Plan gemm1, gemm2;    // of gemm_grouped
  int64_t block_m = 0;  // slots of a tile, of both: the larger of what the two products ask for
  int64_t workspace_bytes = 0;
};

/// Six launches on a GPU, five where x is quantised; it enqueues and returns. May be captured once
/// the same call has run before, or with the caller's workspace once its kernels are loaded.
/// Deterministic: operands and variants fix the bits, for any number of threads.
///
/// options.variant names a variant of gemm_grouped for both products; workspace_bytes must be at
/// least the plan's; with overlap_previous the first launch begins while the one before it in the
/// stream ends, and reads nothing before its end.
///
/// Errors: kInvalidArgument names argument, value and limit, on a CPU also ids out of range and a
/// mask without exactly E experts (a GPU drops such ids; rows of experts past the E-th have no
/// value there); kUnsupported where no variant can run. y is not written on an error.
Status moe_mxfp8(const MoeMxfp8Args& args, Stream& stream, const Options& options = {});

/// The plan that moe_mxfp8 would follow. Pointers may be null.
Result<MoeMxfp8Plan> plan_moe_mxfp8(const MoeMxfp8Args& args, const Stream& stream,
                                    const Options& options = {});

}  // namespace octet
