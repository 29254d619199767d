// Results whose rows in the accumulator are columns of d: kernels that take weights as the rows of
// the tensor instruction. Accumulators are as wgmma.cuh says.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/gemm_params.h"

namespace octet::gpu {

__device__ __forceinline__ void store_pair(__nv_bfloat16* to, float x, float y) {
  *reinterpret_cast<__nv_bfloat162*>(to) = __floats2bfloat162_rn(x, y);
}
__device__ __forceinline__ void store_pair(__half* to, float x, float y) {
  *reinterpret_cast<__half2*>(to) = __floats2half2_rn(x, y);
}
__device__ __forceinline__ void store_pair(float* to, float x, float y) {
  *reinterpret_cast<float2*>(to) = make_float2(x, y);
}

/// The row of d of a lane's j-th token, -1 for none: where a tile's tokens are rows of d from m0 on.
struct ConsecutiveRows {
  int m0, m;

  __device__ __forceinline__ int row(int j) const {
    const int lane = threadIdx.x % 32, token = m0 + lane % 4 * 2 + lane / 4 % 2 + 8 * j;
    return token < m ? token : -1;
  }
  static __device__ __forceinline__ float value(int, float x) { return x; }
};

/// Neighbouring rows of the accumulator are neighbours in d: lanes 4 apart swap halves, so that
/// each stores pairs of one token, the lane's j-th: column 8j + lane % 4 * 2 + lane / 4 % 2.
template <int kGroups, class T, class Results, class Rows>
__device__ __forceinline__ void store_transposed_as(const Results& p, int n0,
                                                    const float* sums, const Rows& rows) {
  T* d = static_cast<T*>(p.d);
  const int lane = threadIdx.x % 32, pair_row = lane / 4, odd = pair_row & 1;
  n0 += pair_row - odd;
  const bool pairs =
      ((reinterpret_cast<uintptr_t>(d) | static_cast<uint64_t>(p.d_row) * sizeof(T)) %
       (2 * sizeof(T))) == 0;
#pragma unroll
  for (int j = 0; j < kGroups; ++j) {
    const int at = rows.row(j);
    T* row = d + at * p.d_row;
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float x = sums[4 * j + 2 * h], y = sums[4 * j + 2 * h + 1];
      const float other = __shfl_xor_sync(0xffffffff, odd ? x : y, 4);
      const float low = rows.value(j, odd ? other : x), high = rows.value(j, odd ? y : other);
      const int n = n0 + 8 * h;
      if (at < 0 || n >= p.n) continue;
      if (pairs && n + 1 < p.n) {
        store_pair(row + n, low, high);
      } else {
        row[n] = static_cast<T>(low);
        if (n + 1 < p.n) row[n + 1] = static_cast<T>(high);
      }
    }
  }
}

/// Stores a warp's 16 rows of the accumulator, 8 * kGroups tokens wide: columns of d from n0 on.
/// n0 is even. Results: d, d_row, n and output, as GemmParams has them.
template <int kGroups, class Results, class Rows>
__device__ __forceinline__ void store_transposed(const Results& p, int n0, const float* sums,
                                                 const Rows& rows) {
  if (p.output == OutputType::kBf16) {
    store_transposed_as<kGroups, __nv_bfloat16>(p, n0, sums, rows);
  } else if (p.output == OutputType::kF16) {
    store_transposed_as<kGroups, __half>(p, n0, sums, rows);
  } else {
    store_transposed_as<kGroups, float>(p, n0, sums, rows);
  }
}
/// The tokens are rows of d from m0 on.
template <int kGroups>
__device__ __forceinline__ void store_transposed(const GemmParams& p, int n0, int m0,
                                                 const float* sums) {
  store_transposed<kGroups>(p, n0, sums, ConsecutiveRows{m0, p.m});
}

}  // namespace octet::gpu
