// Widens the tokens of an MXFP8 GEMM to bf16 with their exponents folded in, for the launch of
// sm90_wgmma_widen that follows.
//
// Layout     codes and exponents as in gemm_mxfp8; out (m, k) bf16, in each 16 of k the odd codes
//            of every four before the even ones
// Numerics   exact, 2^11 below the values (mx.cuh); exponents outside 2^-87 to 2^18 and NaN codes
//            become NaN
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/mx.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"

namespace octet::ops::gemm_mxfp8 {
namespace {

using namespace gpu;

/// Widens 16 codes: in each 16 of k the odd codes of every four, then the even ones.
__device__ __forceinline__ void widen_codes(const uint4& loaded, uint32_t exponent, uint4* to) {
  const uint32_t codes[4] = {loaded.x, loaded.y, loaded.z, loaded.w};
  const uint32_t factor = mx_factor_checked(exponent, codes[0] | codes[1] | codes[2] | codes[3]);
  Bf16Codes pairs[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) pairs[i] = bf16_codes_checked(codes[i], factor);
  to[0] = {pairs[0].odd, pairs[1].odd, pairs[2].odd, pairs[3].odd};
  to[1] = {pairs[0].even, pairs[1].even, pairs[2].even, pairs[3].even};
}

}  // namespace

/// A thread widens 16 codes of a token; blocks of y walk over tokens.
extern "C" __global__ void __launch_bounds__(128)
    octet_sm90_mx_widen_tokens(const __grid_constant__ Sm90Params p) {
  dependency_release();
  dependency_wait();
  const int column = (blockIdx.x * 128 + threadIdx.x) * 16;
  if (column >= p.k) return;
  for (int token = blockIdx.y; token < p.m; token += gridDim.y) {
    const uint4 codes = *reinterpret_cast<const uint4*>(p.a_codes + token * p.a_row + column);
    const uint32_t exponent = p.a_scale[token * p.a_scale_row + column / 32];
    auto* to = static_cast<uint16_t*>(p.wide_tokens) + static_cast<int64_t>(token) * p.k + column;
    widen_codes(codes, exponent, reinterpret_cast<uint4*>(to));
  }
}

}  // namespace octet::ops::gemm_mxfp8
