// MXFP8 GEMM by plain loads: one warp a result, one block of 32 of k a lane and step.
//
// Layout     addresses and strides of codes and exponents as they come, any alignment
// Numerics   f32; lanes sum in a fixed tree; right for every exponent byte
#include "src/ops/gemm_mxfp8/cuda/exact_element.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"

namespace octet::ops::gemm_mxfp8 {
extern "C" __global__ void __launch_bounds__(256)
    octet_sm90_mx_simple(const __grid_constant__ Sm90Params p) {
  const int lane = threadIdx.x % 32;
  const int64_t results = static_cast<int64_t>(p.m) * p.n;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / 32);
  for (int64_t i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32; i < results; i += warps) {
    const int64_t row = i / p.n, col = i % p.n;
    const uint8_t* a = p.a_codes + row * p.a_row;
    const uint8_t* b = p.b_codes + col * p.b_row;
    float sum = 0;
    for (int block = lane; block < p.k / 32; block += 32) {
      sum += gpu::mx_scaled(gpu::block_product(a + block * 32, b + block * 32),
                            p.a_scale[row * p.a_scale_row + block],
                            p.b_scale[col * p.b_scale_row + block]);
    }
#pragma unroll
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffff, sum, step);
    if (lane == 0) gpu::store_result(p, row * p.d_row + col, sum);
  }
}

}  // namespace octet::ops::gemm_mxfp8
