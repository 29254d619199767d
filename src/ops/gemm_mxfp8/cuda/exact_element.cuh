// One element of d in double, right for every code and every exponent byte; slow.
#pragma once

#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/plain_gemm.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"

namespace octet::ops::gemm_mxfp8 {

/// d(token, n) before rounding. Out of line: the kernels come here for results that are NaN only.
__device__ __noinline__ float exact_element(const Sm90Params& p, int token, int n) {
  const uint8_t* a = p.a_codes + token * p.a_row;
  const uint8_t* b = p.b_codes + n * p.b_row;
  const uint8_t* a_scale = p.a_scale + token * p.a_scale_row;
  const uint8_t* b_scale = p.b_scale + n * p.b_scale_row;
  double sum = 0;
#pragma unroll 1
  for (int block = 0; block < p.k / 32; ++block) {
    const float product = gpu::block_product(a + block * 32, b + block * 32);
    if (a_scale[block] == 255 || b_scale[block] == 255) return __uint_as_float(gpu::kNanBits);
    sum += ldexp(static_cast<double>(product), a_scale[block] + b_scale[block] - 254);
  }
  return static_cast<float>(sum);
}

}  // namespace octet::ops::gemm_mxfp8
