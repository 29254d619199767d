// Products of 16 x 16 over a fixed number of k by the instructions that the architecture has.
//
// Layout     lane l holds 16 bytes of row l % 16, or 32: any k, as long as a and b agree on which.
//            Which k of two lanes meet differs between the architectures, not between a and b
#pragma once

#include "src/gpu/hip/matrix.h"

namespace octet::gpu::hip {

OCTET_DEVICE Word2 low_half(Word4 v) { return Word2{v[0], v[1]}; }
OCTET_DEVICE Word2 high_half(Word4 v) { return Word2{v[2], v[3]}; }

/// Eight bf16 a lane.
OCTET_DEVICE Float4 product_k32_bf16(Word4 a, Word4 b, Float4 c) {
#if defined(__gfx950__) || !defined(__AMDGCN__)
  if constexpr (kGfx950) return mma_16x16x32_bf16(a, b, c);
#endif
  return mma_16x16x16_bf16(high_half(a), high_half(b),
                           mma_16x16x16_bf16(low_half(a), low_half(b), c));
}

/// 16 int8 a lane.
OCTET_DEVICE Int4 product_k64_i8(Word4 a, Word4 b, Int4 c) {
#if defined(__gfx950__) || !defined(__AMDGCN__)
  if constexpr (kGfx950) return mma_16x16x64_i8(a, b, c);
#endif
  return mma_16x16x32_i8(high_half(a), high_half(b), mma_16x16x32_i8(low_half(a), low_half(b), c));
}

/// 32 FP8 of the device's kind a lane, in two vectors.
OCTET_DEVICE Float4 product_k128_fp8(const Word4 (&a)[2], const Word4 (&b)[2], Float4 c) {
#if defined(__gfx950__) || !defined(__AMDGCN__)
  if constexpr (kGfx950) {
    return mma_16x16x128<MatrixFormat::kE4m3, MatrixFormat::kE4m3>(join(a[0], a[1]),
                                                                   join(b[0], b[1]), c);
  }
#endif
  OCTET_UNROLL
  for (int i = 0; i < 2; ++i) {
    c = mma_16x16x32_fp8(low_half(a[i]), low_half(b[i]), c);
    c = mma_16x16x32_fp8(high_half(a[i]), high_half(b[i]), c);
  }
  return c;
}

}  // namespace octet::gpu::hip
