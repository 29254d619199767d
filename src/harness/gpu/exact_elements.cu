// Elements of dense GEMMs in double, as src/cpu/exact.cpp computes them: the judge of results too
// large to bring to the host for every candidate of a tuning run.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "src/harness/gpu/exact_elements.h"

namespace octet::harness {
namespace {

using gpu::OutputType;

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

/// 2^(code - 127); NaN scales are not told from 2^128: timed operands have none.
__device__ double e8m0(uint32_t code) {
  return __longlong_as_double(static_cast<long long>(code + 896) << 52);
}

/// a_scale * b_scale of element (m, n) for the block that holds k.
__device__ double scale_of(const ExactParams& p, int64_t m, int64_t n, int64_t k) {
  if (p.scales == ExactScales::kE8m0Of32) {
    const auto* a = static_cast<const uint8_t*>(p.a_scale);
    const auto* b = static_cast<const uint8_t*>(p.b_scale);
    return e8m0(a[m * p.a_scale_row + k / 32 * p.a_scale_block]) *
           e8m0(b[n * p.b_scale_row + k / 32]);
  }
  const auto* a = static_cast<const float*>(p.a_scale);
  const auto* b = static_cast<const float*>(p.b_scale);
  return static_cast<double>(a[m * p.a_scale_row + k / 128 * p.a_scale_block]) *
         static_cast<double>(b[n / 128 * p.b_scale_row + k / 128]);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kExactThreads)
    octet_exact_elements(const ExactParams p) {
  const int64_t index = blockIdx.x * static_cast<int64_t>(kExactThreads) + threadIdx.x;
  if (index >= p.count) return;
  const int64_t m = p.elements[2 * index], n = p.elements[2 * index + 1];
  ExactResult sum{};
  const int64_t run = p.scales == ExactScales::kE8m0Of32 ? 32 : 64;
  for (int64_t k = 0; k < p.k; k += run) {
    const double scale = scale_of(p, m, n, k);
    ExactResult part{};
    for (int64_t i = k; i < k + run; i += 16) {
      add_products(p.a + m * p.a_row + i, p.b + n * p.b_row + i, part);
    }
    sum.value += scale * part.value;
    sum.magnitude += fabs(scale) * part.magnitude;
    sum.largest += fabs(scale) * part.largest;
  }
  sum.got = element(p, m, n);
  p.results[index] = sum;
}

}  // namespace octet::harness
