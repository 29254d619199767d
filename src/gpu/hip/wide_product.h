// 128 of k by one matrix instruction.
//
// Requires   gfx950
#pragma once

#include "src/gpu/hip/matrix.h"

namespace octet::gpu::hip {

struct WideProduct {
  static constexpr float kFactor = 1;

  static OCTET_DEVICE Word8 codes(const Word8& v) { return v; }
  static OCTET_DEVICE Float4 product(const Word8& weights, const Word8& tokens) {
    return mma_16x16x128<MatrixFormat::kE4m3, MatrixFormat::kE4m3>(weights, tokens, Float4{});
  }
};

}  // namespace octet::gpu::hip
