// One result of gemm_batched in double, from the operands' own codes: right for every code and
// every exponent byte, for any stride and k; slow.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "src/core/formats.h"
#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/plain_gemm.cuh"
#include "src/ops/gemm_batched/cuda/params.h"

namespace octet::ops::gemm_batched {

inline constexpr int kElementRun = 128;  // of k that are summed at once: a group of prequant

/// Of a code. Its magnitude's bits behind a float's sign stand for the value times 2^-126.
__device__ __forceinline__ float e2m1_value(uint32_t code) {
  return __uint_as_float((code & 7) << 22 | (code & 8) << 28) * 0x1p126f;
}

/// The exponent of a block of 32 as quantize has it: even.
__device__ __forceinline__ uint8_t e2m1_exponent(uint32_t amax_bits) {
  constexpr MxScaleRule kRule = mx_even(kE2m1Format);
  return mx_scale(amax_bits, kRule);
}

/// A row of an operand.
struct ElementRow {
  const uint8_t* data;
  const uint8_t* exponents;
  DeviceCodes codes;

  __device__ __forceinline__ ElementRow(const DeviceOperand& x, int64_t batch, int64_t row)
      : data(x.data + batch * x.batch + row * x.row),
        exponents(x.exponents + batch * x.exponents_batch + row * x.exponents_row),
        codes(x.codes) {}

  /// Without exponents, before it is quantised.
  __device__ __forceinline__ float value(int64_t k) const {
    switch (codes) {
      case DeviceCodes::kE4m3:
        return gpu::e4m3_value(data[k]);
      case DeviceCodes::kI8:
        return static_cast<float>(static_cast<int8_t>(data[k]));
      case DeviceCodes::kE2m1:
        return e2m1_value(data[k / 2] >> k % 2 * 4 & 15);
      default:
        return __bfloat162float(reinterpret_cast<const __nv_bfloat16*>(data)[k]);
    }
  }
};

/// 2^(byte - 127), or NaN.
__device__ __forceinline__ double e8m0_value(uint32_t byte) {
  if (byte == 255) return static_cast<double>(__uint_as_float(gpu::kNanBits));
  return __longlong_as_double(static_cast<long long>(byte + 896) << 52);
}

/// The largest finite magnitude of a run and whether all of it is finite.
struct Largest {
  uint32_t bits = 0;
  bool finite = true;

  __device__ __forceinline__ void add(float x) {
    const uint32_t size = __float_as_uint(x) & 0x7fffffff;
    finite = finite && size < 0x7f800000;
    bits = size < 0x7f800000 ? max(bits, size) : bits;
  }
};

/// amax / 448 rounded as IEEE says; at least 2^-126, 1 where amax is 0.
__device__ __forceinline__ float group_scale(uint32_t amax_bits) {
  const float divided = __fdiv_rn(__uint_as_float(amax_bits), 448.0f);
  return amax_bits == 0 ? 1.0f : fmaxf(divided, 0x1p-126f);
}

/// The nearest e2m1 value of a number of at most about 6, ties to even, saturating.
__device__ __forceinline__ float e2m1_nearest(float x) {
  const float size = fminf(fabsf(x), 6.0f);
  const uint32_t binade = max(__float_as_uint(size) & 0x7f800000, 0x3f800000u);
  const float magic = __uint_as_float(binade + (22u << 23));
  return copysignf(__fsub_rn(__fadd_rn(size, magic), magic), x);
}

/// How the values from `begin` to `end` of a row become those that are multiplied: one scale for
/// all of them, and what is quantised.
struct ElementScale {
  double scale = 1;     // of codes
  float divisor = 1;    // of values before they become codes
  DeviceCodes codes;

  __device__ __forceinline__ ElementScale(const ElementRow& row, int64_t begin, int64_t end)
      : codes(row.codes) {
    if (codes == DeviceCodes::kE2m1) scale = e8m0_value(row.exponents[begin / 32]);
    if (codes != DeviceCodes::kBf16ToE4m3 && codes != DeviceCodes::kBf16ToE2m1) return;
    Largest largest;
    for (int64_t k = begin; k < end; ++k) largest.add(row.value(k));
    if (codes == DeviceCodes::kBf16ToE4m3) {
      divisor = group_scale(largest.bits);
      scale = static_cast<double>(divisor);
    } else {
      const uint8_t byte = e2m1_exponent(largest.bits);
      divisor = mx_inverse(byte);
      scale = e8m0_value(byte);
    }
    if (!largest.finite) scale = static_cast<double>(__uint_as_float(gpu::kNanBits));
  }
  __device__ __forceinline__ float code(float value) const {
    if (codes == DeviceCodes::kBf16ToE2m1) return e2m1_nearest(value * divisor);
    if (codes != DeviceCodes::kBf16ToE4m3) return value;
    const float quotient = __fdiv_rn(value, divisor);
    return gpu::e4m3_value(__nv_cvt_float_to_fp8(quotient, __NV_SATFINITE, __NV_E4M3));
  }
};

/// The products of kElementRun of k from `begin` on.
__device__ __forceinline__ double run_sum(const Sm90Params& p, const ElementRow& a,
                                          const ElementRow& b, int64_t begin) {
  const bool blocks = b.codes == DeviceCodes::kE2m1;
  const int64_t run_end = min(begin + kElementRun, p.k), step = blocks ? 32 : kElementRun;
  double sum = 0;
#pragma unroll 1
  for (int64_t at = begin; at < run_end; at += step) {
    const int64_t end = min(at + step, run_end);
    const ElementScale a_scale(a, at, end), b_scale(b, at, end);
    double part = 0;
#pragma unroll 1
    for (int64_t k = at; k < end; ++k) {
      part += static_cast<double>(a_scale.code(a.value(k))) * static_cast<double>(b.value(k));
    }
    sum += part * a_scale.scale * b_scale.scale;
  }
  return sum;
}

__device__ __forceinline__ float scale_at(const DeviceFactors& f, int64_t batch, int64_t row) {
  return f.data == nullptr ? 1.0f : f.data[batch * f.batch + row * f.row];
}
__device__ __forceinline__ float bias_of(const Sm90Params& p, int64_t batch, int64_t col) {
  if (p.bias == nullptr) return 0;
  const int64_t at = batch * p.bias_row + col;
  if (!p.bias_is_bf16) return static_cast<const float*>(p.bias)[at];
  return __bfloat162float(static_cast<const __nv_bfloat16*>(p.bias)[at]);
}
/// A whole sum with its scales and its bias.
__device__ __forceinline__ float scaled_in_double(const Sm90Params& p, int64_t batch, int64_t row,
                                                  int64_t col, double sum) {
  const double rows = scale_at(p.a_scale, batch, row), columns = scale_at(p.b_scale, batch, col);
  return static_cast<float>(sum * (rows * columns) + static_cast<double>(bias_of(p, batch, col)));
}

/// All of it by one thread.
__device__ __forceinline__ float exact_element(const Sm90Params& p, int64_t batch, int64_t row,
                                               int64_t col) {
  const ElementRow a(p.a_rows, batch, row), b(p.b_rows, batch, col);
  double sum = 0;
#pragma unroll 1
  for (int64_t k = 0; k < p.k; k += kElementRun) sum += run_sum(p, a, b, k);
  return scaled_in_double(p, batch, row, col, sum);
}

}  // namespace octet::ops::gemm_batched
