// OCP MX on sm_90: shared exponents (e8m0 bytes, value 2^(byte - 127), 255 is NaN) four to a word,
// and e4m3 codes to bf16 with their exponent folded in.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

namespace octet::gpu {

constexpr uint32_t kNanBits = 0x7fffffff;  // of a float, and of a pair of bf16 (high, low)

/// Byte `i` of a word of exponents.
__device__ __forceinline__ uint32_t mx_exponent(uint32_t word, int i) {
  return word >> 8 * i & 255;
}

/// Bit 7 of each byte that is outside 96 to 159 (2^-31 to 2^32).
__device__ __forceinline__ uint32_t mx_outside_narrow(uint32_t word) {
  return ~((word ^ word << 1) & (word ^ word << 2)) & 0x80808080;
}
/// Bit 7 of each byte that is outside 64 to 191 (2^-63 to 2^64).
__device__ __forceinline__ uint32_t mx_outside_wide(uint32_t word) {
  return ~(word ^ word << 1) & 0x80808080;
}

/// 2^exponent for -127 to 127.
__device__ __forceinline__ float power_of_two(int exponent) {
  return __uint_as_float(exponent > -127 ? static_cast<uint32_t>(exponent + 127) << 23
                                         : 0x00400000u);
}

/// product * 2^(a - 127) * 2^(b - 127) for any two exponent bytes. Two steps of one sign: no
/// overflow or underflow but that of the result.
__device__ __forceinline__ float mx_scaled(float product, uint32_t a, uint32_t b) {
  if (a == 255 || b == 255) return __uint_as_float(kNanBits);
  const int exponent = static_cast<int>(a + b) - 254, half = exponent / 2;
  return product * power_of_two(half) * power_of_two(exponent - half);
}

/// How far the bf16 values of both operands lie below the real ones: 2^-11 each, so that factors up
/// to 2^18 can be written. A sum of their products is off by 2^-22.
inline constexpr int kMxOffset = 11;
inline constexpr float kMxSumScale = 4194304.0f;         // 2^22
inline constexpr uint32_t kMxLeast = 40, kMxMost = 145;  // exponents whose values fit: 2^-87, 2^18

/// What four codes are multiplied by to become bf16, in both halves, for exponents up to kMxMost.
__device__ __forceinline__ uint32_t mx_factor(uint32_t exponent) {
  // A code's bits in a bf16 stand for its value * 2^-120.
  return (exponent + 120 - kMxOffset) << 7 | (exponent + 120 - kMxOffset) << 23;
}
/// For any exponent. Where values may not fit it is NaN, unless all codes are zero; who reads a NaN
/// sums again.
__device__ __forceinline__ uint32_t mx_factor_checked(uint32_t exponent, uint32_t codes) {
  const bool fits = exponent >= kMxLeast && exponent <= kMxMost;
  if (fits || (exponent != 255 && (codes & 0x7f7f7f7f) == 0)) {
    return mx_factor(min(exponent, kMxMost));
  }
  return 0x7fff7fff;
}
/// A factor that no exponent has whose values fit: NaN, and the largest number.
inline constexpr uint32_t kMxNoFactor = 0x7fff7fff;

/// Not zero in bit 7 of each byte whose code is NaN.
__device__ __forceinline__ uint32_t e4m3_nans(uint32_t codes) {
  return (codes & 0x7f7f7f7f) + 0x01010101;
}

__device__ __forceinline__ uint32_t multiply_pair(uint32_t x, uint32_t y) {
  const __nv_bfloat162 product = __hmul2(reinterpret_cast<const __nv_bfloat162&>(x),
                                         reinterpret_cast<const __nv_bfloat162&>(y));
  return reinterpret_cast<const uint32_t&>(product);
}

__device__ __forceinline__ uint32_t add_pair(uint32_t x, uint32_t y) {
  const __nv_bfloat162 sum = __hadd2(reinterpret_cast<const __nv_bfloat162&>(x),
                                     reinterpret_cast<const __nv_bfloat162&>(y));
  return reinterpret_cast<const uint32_t&>(sum);
}

/// Four codes, first in the low byte, as two pairs of bf16: codes 1 and 3, codes 0 and 2. NaN codes
/// come out as 480.
struct Bf16Codes {
  uint32_t odd, even;
};
__device__ __forceinline__ Bf16Codes bf16_codes(uint32_t codes, uint32_t factor) {
  const uint32_t odd = (codes >> 4 & 0x07f007f0) | (codes & 0x80008000);
  const uint32_t even = (codes << 4 & 0x07f007f0) | (codes << 8 & 0x80008000);
  return {multiply_pair(odd, factor), multiply_pair(even, factor)};
}

/// The same; `most` collects the magnitudes of codes in its halves, has_nan_code() tells at the end.
__device__ __forceinline__ Bf16Codes bf16_codes(uint32_t codes, uint32_t factor, uint32_t& most) {
  const uint32_t odd = codes >> 4 & 0x07f007f0, even = codes << 4 & 0x07f007f0;
  most = __vimax3_u16x2(most, odd, even);
  return {multiply_pair(odd | (codes & 0x80008000), factor),
          multiply_pair(even | (codes << 8 & 0x80008000), factor)};
}
/// Whether a NaN code was among those that `most` collected.
__device__ __forceinline__ bool has_nan_code(uint32_t most) {
  return (most & 0xffff) == 0x07f0 || most >> 16 == 0x07f0;
}

/// The same as bf16_codes(codes, factor) with NaN where a code is NaN.
__device__ __forceinline__ Bf16Codes bf16_codes_checked(uint32_t codes, uint32_t factor) {
  Bf16Codes pairs = bf16_codes(codes, factor);
  const uint32_t nans = e4m3_nans(codes) & 0x80808080;
  if (nans & 0x00008000) pairs.odd |= 0x00007fff;
  if (nans & 0x80000000) pairs.odd |= 0x7fff0000;
  if (nans & 0x00000080) pairs.even |= 0x00007fff;
  if (nans & 0x00800000) pairs.even |= 0x7fff0000;
  return pairs;
}

}  // namespace octet::gpu
