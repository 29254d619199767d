// One product of two rows of MX codes in double, right for every code and every exponent byte; slow.
#pragma once

#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/plain_gemm.cuh"

namespace octet::gpu {

/// A row of codes, and its exponents: one for each 32.
struct MxRow {
  const uint8_t* codes;
  const uint8_t* exponents;
};

/// Before rounding. k = 32 * blocks.
__device__ __forceinline__ float exact_product(const MxRow& a, const MxRow& b, int blocks) {
  double sum = 0;
#pragma unroll 1
  for (int block = 0; block < blocks; ++block) {
    const float product = block_product(a.codes + block * 32, b.codes + block * 32);
    if (a.exponents[block] == 255 || b.exponents[block] == 255) return __uint_as_float(kNanBits);
    sum += ldexp(static_cast<double>(product), a.exponents[block] + b.exponents[block] - 254);
  }
  return static_cast<float>(sum);
}

}  // namespace octet::gpu
