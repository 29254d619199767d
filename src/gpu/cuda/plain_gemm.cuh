// What kernels by plain loads share: they serve every operand, element by element, and are slow.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstdint>

#include "src/gpu/gemm_params.h"

namespace octet::gpu {

__device__ __forceinline__ float e4m3_value(uint8_t code) {
  const __half_raw half = __nv_cvt_fp8_to_halfraw(code, __NV_E4M3);
  return __half2float(half);
}

/// Of one MX block, exact: multiples of 2^-18 up to 2^23.
__device__ __forceinline__ float block_product(const uint8_t* a, const uint8_t* b) {
  float product = 0;
#pragma unroll 4
  for (int i = 0; i < 32; ++i) product = fmaf(e4m3_value(a[i]), e4m3_value(b[i]), product);
  return product;
}

/// d of one result, `at` elements from its first, rounded to d's type.
__device__ __forceinline__ void store_result(const GemmParams& p, int64_t at, float x) {
  if (p.output == OutputType::kBf16) {
    static_cast<__nv_bfloat16*>(p.d)[at] = __float2bfloat16(x);
  } else if (p.output == OutputType::kF16) {
    static_cast<__half*>(p.d)[at] = __float2half(x);
  } else {
    static_cast<float*>(p.d)[at] = x;
  }
}

}  // namespace octet::gpu
