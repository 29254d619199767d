// quantize: bf16, f16 or f32 to FP8 codes with float32 block scales, as gemm_blockscale reads them,
// or to OCP MX blocks (e4m3 or e2m1 with an e8m0 scale per 32), as gemm_mxfp8 reads them.
//
//   amax  = largest finite |x| of the block
//   float32 scales:  scale = amax / max of the kind, at least 2^-126; 1 where amax is 0
//   MX:              scale = 2^e, e from amax by `rounding`, within -127 to 127; e = -127 where
//   amax
//                    is 0
//   q     = nearest code of x / scale, ties to even, saturating
//
// With an activation x holds gate and up of a gated layer side by side, and what is quantised is
//   y = silu(gate) * up, or the clamped Swiglu below, in float32, within 2^-18 of it, one value a
//   column
//
// NaN and infinities become NaN codes of their sign. e2m1 has none: a block with one of them gets
// the scale NaN (255) and codes of 0.
#pragma once

#include <cstdint>

#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

enum class ScaleBlock : uint8_t {
  k1x128,    // activations: a float32 scale per row and 128 columns
  k128x128,  // weights: a float32 scale per 128 rows and 128 columns
  kRow,      // a float32 scale per row, any number of columns
  k1x32,     // MX: an e8m0 scale per row and 32 columns
};

/// The shared exponent of an MX block from its amax.
enum class MxRounding : uint8_t {
  kRoundUp,  // ceil(log2(amax / max of the kind)): nothing saturates
  kFloor,    // floor(log2(amax)) - exponent of the kind's max, as OCP MX 1.0 says
  kEven,     // kFloor of amax rounded to the kind's precision
};

enum class Activation : uint8_t {
  kNone,
  kSiluMul,        // gate * sigmoid(gate) * up
  kClampedSwiglu,  // g * sigmoid(1.702 g) * (u + 1), g = min(gate, 7), u = up within -7 to 7
};

struct QuantizeArgs {
  ConstMatrix x;  // (rows, cols) bf16, f16 or f32; cols a multiple of 128 (MX: 32; kRow: any)
  Matrix q;       // (rows, cols) e4m3fn or e4m3fnuz; MX also e2m1, row_stride in codes, even
  void* scale = nullptr;  // (rows or ceil(rows/128), cols / block, kRow: 1) of scale_dtype
  int64_t scale_row_stride =
      0;  // in elements, no two scales at one address; both 0: row-major and dense
  int64_t scale_col_stride = 0;
  ScaleBlock block = ScaleBlock::k1x128;
  DType scale_dtype = DType::kF32;  // MX: kE8m0
  MxRounding rounding = MxRounding::kRoundUp;
  Activation activation = Activation::kNone;  // not kNone: blocks of one row and 128 or 32 columns;
                                              // x is (rows, 2 * cols of q), gate columns first
  /// GPU: begin while the launch before this one ends; nothing is read or written before its end.
  bool overlap_previous = false;
  /// GPU: let the launch after this one begin at once, not when the launch before this one has
  /// ended: what it reads ahead of its own wait must be older than that.
  bool pass_at_once = false;
};

/// The same bits on every device and for any number of threads. On sm90 e4m3fn and e2m1 only, any
/// alignment (16-byte rows are fast); enqueues and returns. Errors: kInvalidArgument names
/// argument, value and limit; kUnsupported says what the device or this build lacks; nothing is
/// written then.
Status quantize(const QuantizeArgs& args, Stream& stream);

}  // namespace octet
