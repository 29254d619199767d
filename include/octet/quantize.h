// quantize: bf16, f16 or f32 to FP8 codes with float32 block scales, as gemm_blockscale reads them.
//
//   amax = largest finite |x| of the block
//   scale = amax / max of the kind, at least 2^-126; 1 where amax is 0
//   q    = nearest code of x / scale, ties to even, saturating; NaN and infinities become NaN
#pragma once

#include <cstdint>

#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

enum class ScaleBlock : uint8_t {
  k1x128,    // activations: a scale per row and 128 columns
  k128x128,  // weights: a scale per 128 rows and 128 columns
};

struct QuantizeArgs {
  ConstMatrix x;           // (rows, cols) bf16, f16 or f32; cols a multiple of 128
  Matrix q;                // (rows, cols) e4m3fn or e4m3fnuz
  float* scale = nullptr;  // (rows or ceil(rows/128), cols/128)
  int64_t scale_row_stride =
      0;  // in elements, no two scales at one address; both 0: row-major and dense
  int64_t scale_col_stride = 0;
  ScaleBlock block = ScaleBlock::k1x128;
};

/// Errors: kInvalidArgument names argument, value and limit; nothing is written then.
Status quantize(const QuantizeArgs& args, Stream& stream);

}  // namespace octet
