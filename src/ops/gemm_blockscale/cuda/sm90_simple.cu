// Block-scaled FP8 GEMM by plain loads: one warp a result, 4 of k a lane and step.
//
// Layout     addresses and strides of a and b in params.a.words and params.b.words, any alignment
// Numerics   f32; lanes sum in a fixed tree
#include "src/gpu/cuda/plain_gemm.cuh"
#include "src/ops/gemm_blockscale/cuda/params.h"

namespace octet::ops::gemm_blockscale {
namespace {

/// Exact: sign, 4 bits of exponent with bias 7 (e4m3fn) or 8 (e4m3fnuz), 3 of mantissa.
template <bool kFnuz>
__device__ __forceinline__ float decode(uint32_t code) {
  const uint32_t magnitude = code & 0x7f;
  if (kFnuz ? code == 0x80 : magnitude == 0x7f) return __int_as_float(0x7fffffff);
  const int exponent = static_cast<int>(magnitude >> 3), mantissa = magnitude & 7;
  constexpr int kBias = kFnuz ? 8 : 7;
  const float value = exponent == 0
                          ? ldexpf(static_cast<float>(mantissa), 1 - kBias - 3)
                          : ldexpf(static_cast<float>(8 + mantissa), exponent - kBias - 3);
  return code & 0x80 ? -value : value;
}

template <bool kFnuz>
__device__ __forceinline__ void run(const Sm90Params& p) {
  const auto* a = reinterpret_cast<const uint8_t*>(p.a.words[0]);
  const auto* b = reinterpret_cast<const uint8_t*>(p.b.words[0]);
  const int64_t a_row = static_cast<int64_t>(p.a.words[1]);
  const int64_t b_row = static_cast<int64_t>(p.b.words[1]);
  const int lane = threadIdx.x % 32;
  const int64_t results = static_cast<int64_t>(p.m) * p.n;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / 32);
  for (int64_t i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32; i < results; i += warps) {
    const int64_t row = i / p.n, col = i % p.n;
    float sum = 0;
    for (int block = 0; block < p.k_blocks; ++block) {
      const int64_t k = static_cast<int64_t>(block) * 128 + lane * 4;
      float product = 0;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        product += decode<kFnuz>(a[row * a_row + k + j]) * decode<kFnuz>(b[col * b_row + k + j]);
      }
      sum += product * (p.a_scale[row * p.a_scale_row + block * p.a_scale_block] *
                        p.b_scale[col / 128 * p.b_scale_row + block]);
    }
#pragma unroll
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffff, sum, step);
    if (lane == 0) gpu::store_result(p, row * p.d_row + col, sum);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    octet_sm90_simple_e4m3fn(const __grid_constant__ Sm90Params p) {
  run<false>(p);
}
extern "C" __global__ void __launch_bounds__(256)
    octet_sm90_simple_e4m3fnuz(const __grid_constant__ Sm90Params p) {
  run<true>(p);
}

}  // namespace octet::ops::gemm_blockscale
