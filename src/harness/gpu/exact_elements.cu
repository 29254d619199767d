// Elements of gemm_blockscale in double, as generic_ref.cpp computes them: the judge of results too
// large to bring to the host for every candidate of a tuning run.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "src/harness/gpu/exact_elements.h"

namespace octet::harness {
namespace {

using ops::gemm_blockscale::OutputType;

/// The value of an e4m3fn code. NaN is not told from 480: timed operands have none.
__device__ __forceinline__ double decode(uint32_t code) {
  const uint32_t exponent = code >> 3 & 15, mantissa = code & 7;
  const double value =
      exponent == 0
          ? mantissa * 0x1p-9
          : (8 + mantissa) * __longlong_as_double(static_cast<long long>(exponent + 1013) << 52);
  return code & 128 ? -value : value;
}

/// 16 codes.
__device__ __forceinline__ void add_products(const uint8_t* a, const uint8_t* b, ExactResult& sum) {
  const uint4 x = *reinterpret_cast<const uint4*>(a), y = *reinterpret_cast<const uint4*>(b);
  const uint32_t xs[] = {x.x, x.y, x.z, x.w}, ys[] = {y.x, y.y, y.z, y.w};
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    const double term = decode(xs[i / 4] >> i % 4 * 8) * decode(ys[i / 4] >> i % 4 * 8);
    sum.value += term;
    sum.magnitude += fabs(term);
    sum.largest = fmax(sum.largest, fmax(fabs(term), fabs(sum.value)));
  }
}

__device__ double element(const ExactParams& p, int64_t m, int64_t n) {
  const int64_t at = m * p.d_row + n;
  if (p.output == OutputType::kF32) return static_cast<const float*>(p.d)[at];
  if (p.output == OutputType::kF16) return __half2float(static_cast<const __half*>(p.d)[at]);
  return __bfloat162float(static_cast<const __nv_bfloat16*>(p.d)[at]);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kExactThreads)
    octet_exact_elements(const ExactParams p) {
  const int64_t index = blockIdx.x * static_cast<int64_t>(kExactThreads) + threadIdx.x;
  if (index >= p.count) return;
  const int64_t m = p.elements[2 * index], n = p.elements[2 * index + 1];
  ExactResult sum{};
  for (int64_t k = 0; k < p.k; k += 64) {
    const double scale =
        static_cast<double>(p.a_scale[m * p.a_scale_row + k / 128 * p.a_scale_block]) *
        static_cast<double>(p.b_scale[n / 128 * p.b_scale_row + k / 128]);
    ExactResult half{};
    for (int64_t i = k; i < k + 64; i += 16) {
      add_products(p.a + m * p.a_row + i, p.b + n * p.b_row + i, half);
    }
    sum.value += scale * half.value;
    sum.magnitude += fabs(scale) * half.magnitude;
    sum.largest += fabs(scale) * half.largest;
  }
  sum.got = element(p, m, n);
  p.results[index] = sum;
}

}  // namespace octet::harness
