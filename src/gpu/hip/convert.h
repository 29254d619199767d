// Number formats in registers.
//
// Numerics   decoding is exact; encoding rounds to nearest even, NaN stays NaN. FP8 is the kind of
// the
//            device (e4m3fnuz on gfx942, e4m3fn on gfx950) and is not saturated by the conversion:
//            clamp first.
#pragma once

#include "src/gpu/hip/kernel.h"
#if !defined(__AMDGCN__)
#include <cmath>

#include "src/core/formats.h"
#endif

namespace octet::gpu::hip {

OCTET_DEVICE float as_float(uint32_t bits) { return __builtin_bit_cast(float, bits); }
OCTET_DEVICE uint32_t as_bits(float value) { return __builtin_bit_cast(uint32_t, value); }

// The halves of a word of two bf16.
OCTET_DEVICE float bf16_low(uint32_t word) { return as_float(word << 16); }
OCTET_DEVICE float bf16_high(uint32_t word) { return as_float(word & 0xffff0000u); }

OCTET_DEVICE uint16_t to_bf16(float value) {
#if defined(__gfx950__)
  return __builtin_bit_cast(uint16_t, static_cast<__bf16>(value));
#else
  const uint32_t bits = as_bits(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>(value != value ? (bits >> 16) | 0x40u : rounded);
#endif
}
OCTET_DEVICE uint32_t to_bf16x2(float low, float high) {
  return to_bf16(low) | static_cast<uint32_t>(to_bf16(high)) << 16;
}

/// Bytes of two words: byte i of the result is byte n of `low` where the selector's byte i is n = 0
/// to 3, of `high` where it is 4 to 7; zero where it is 12.
OCTET_DEVICE uint32_t select_bytes(uint32_t high, uint32_t low, uint32_t selector) {
#if defined(__AMDGCN__)
  return __builtin_amdgcn_perm(high, low, selector);
#else
  uint32_t word = 0;
  for (int i = 0; i < 32; i += 8) {
    const uint32_t n = selector >> i & 255;
    if (n < 8) word |= ((n < 4 ? low >> n * 8 : high >> (n - 4) * 8) & 255) << i;
  }
  return word;
#endif
}

/// 2^(code - 127); 255 is NaN. Code 0 is the subnormal 2^-127.
OCTET_DEVICE float from_e8m0(uint32_t code) {
  const uint32_t bits = code == 0 ? 0x00400000u : code << 23;
  return as_float(code == 255 ? 0x7fc00000u : bits);
}

#if defined(__AMDGCN__)

OCTET_DEVICE float from_f16(uint16_t code) {
  return static_cast<float>(__builtin_bit_cast(_Float16, code));
}
OCTET_DEVICE uint16_t to_f16(float value) {
  return __builtin_bit_cast(uint16_t, static_cast<_Float16>(value));
}
/// Two of the four FP8 codes of a word: bytes 0 and 1, or 2 and 3.
template <bool kHigh>
OCTET_DEVICE Float2 from_fp8x2(uint32_t word) {
  return __builtin_bit_cast(Float2, __builtin_amdgcn_cvt_pk_f32_fp8(static_cast<int>(word), kHigh));
}
/// Codes of two values, in bytes 0 and 1 of the word, or 2 and 3; the others stay as in `old`.
template <bool kHigh>
OCTET_DEVICE uint32_t to_fp8x2(float low, float high, uint32_t old) {
  return static_cast<uint32_t>(
      __builtin_amdgcn_cvt_pk_fp8_f32(low, high, static_cast<int>(old), kHigh));
}

/// Two f16 times two f16, subnormal ones too.
OCTET_DEVICE uint32_t multiply_f16x2(uint32_t a, uint32_t b) {
  using Half2 = _Float16 __attribute__((vector_size(4)));
  return __builtin_bit_cast(uint32_t, __builtin_bit_cast(Half2, a) * __builtin_bit_cast(Half2, b));
}
#if defined(__gfx950__)
/// Codes of e4m3fn in bytes 0 and 1 of the word, or 2 and 3, as f16.
template <bool kHigh>
OCTET_DEVICE uint32_t from_e4m3fnx2_to_f16(uint32_t word) {
  return __builtin_bit_cast(uint32_t, __builtin_amdgcn_cvt_scalef32_pk_f16_fp8(word, 1.0f, kHigh));
}
#endif

/// 2^x, to 1 ulp; subnormal results are zero.
OCTET_DEVICE float fast_exp2(float x) { return __builtin_amdgcn_exp2f(x); }
/// log2(x), to 1 ulp; subnormal x counts as zero.
OCTET_DEVICE float fast_log2(float x) { return __builtin_amdgcn_logf(x); }
/// 1 / x, to 1 ulp.
OCTET_DEVICE float fast_reciprocal(float x) { return __builtin_amdgcn_rcpf(x); }
OCTET_DEVICE float scale_by_power(float x, int exponent) {
  return __builtin_amdgcn_ldexpf(x, exponent);
}
/// Between low and high; NaN becomes low.
OCTET_DEVICE float clamp(float x, float low, float high) {
  return __builtin_amdgcn_fmed3f(x, low, high);
}

#else

namespace internal {
inline const Minifloat& fp8_format() { return kGfx950 ? kE4m3fnFormat : kE4m3fnuzFormat; }
}  // namespace internal

inline float from_f16(uint16_t code) { return decode(kF16Format, code); }
inline uint16_t to_f16(float value) {
  return static_cast<uint16_t>(encode(kF16Format, value, Overflow::kSpecial));
}
template <bool kHigh>
Float2 from_fp8x2(uint32_t word) {
  const uint32_t pair = kHigh ? word >> 16 : word;
  return Float2{decode(internal::fp8_format(), pair & 255),
                decode(internal::fp8_format(), pair >> 8 & 255)};
}
template <bool kHigh>
uint32_t to_fp8x2(float low, float high, uint32_t old) {
  const uint32_t pair = encode(internal::fp8_format(), low, Overflow::kSpecial) |
                        encode(internal::fp8_format(), high, Overflow::kSpecial) << 8;
  return kHigh ? (old & 0xffffu) | pair << 16 : (old & 0xffff0000u) | pair;
}
inline uint32_t multiply_f16x2(uint32_t a, uint32_t b) {
  const auto product = [](uint32_t x, uint32_t y) {
    return to_f16(from_f16(static_cast<uint16_t>(x)) * from_f16(static_cast<uint16_t>(y)));
  };
  return product(a & 0xffff, b & 0xffff) | static_cast<uint32_t>(product(a >> 16, b >> 16)) << 16;
}
template <bool kHigh>
uint32_t from_e4m3fnx2_to_f16(uint32_t word) {
  const uint32_t pair = kHigh ? word >> 16 : word;
  return to_f16(decode(kE4m3fnFormat, pair & 255)) |
         static_cast<uint32_t>(to_f16(decode(kE4m3fnFormat, pair >> 8 & 255))) << 16;
}
inline float fast_exp2(float x) { return std::exp2(x); }
inline float fast_log2(float x) { return std::log2(x); }
inline float fast_reciprocal(float x) { return 1 / x; }
inline float scale_by_power(float x, int exponent) { return std::ldexp(x, exponent); }
inline float clamp(float x, float low, float high) { return x > low ? (x < high ? x : high) : low; }

#endif

OCTET_DEVICE uint32_t to_f16x2(float low, float high) {
  return to_f16(low) | static_cast<uint32_t>(to_f16(high)) << 16;
}

/// Byte i of `first` and byte j of `second` as the upper halves of two 16-bit words.
OCTET_DEVICE uint32_t spread_bytes(uint32_t first, uint32_t i, uint32_t second, uint32_t j) {
  return select_bytes(second, first, 0x000c000cu | (j + 4) << 24 | i << 8);
}
/// Two codes of e4m3fn as f16, exact, on both architectures: byte i of `first`, byte j of `second`.
OCTET_DEVICE uint32_t e4m3fn_pair_to_f16(uint32_t first, uint32_t i, uint32_t second, uint32_t j) {
  if constexpr (kGfx950) {
#if defined(__gfx950__) || !defined(__AMDGCN__)
    return from_e4m3fnx2_to_f16<false>(select_bytes(second, first, 0x0c0c0000u | (j + 4) << 8 | i));
#endif
  }
  // Exponent and mantissa lie in f16 as they are, 2^8 too small for its bias; a NaN, all ones,
  // carries into the exponent's top bit, which no number reaches.
  using Short2 = int16_t __attribute__((vector_size(4)));
  const uint32_t codes = spread_bytes(first, i, second, j);
  const Short2 halves = __builtin_bit_cast(Short2, codes) >> 1;
  const uint32_t small = __builtin_bit_cast(uint32_t, halves) & 0xbf80bf80u;
  return multiply_f16x2(small | ((small + 0x00800080u) & 0x40004000u), 0x5c005c00u);
}
/// The result in 16 bits as the caller asked.
OCTET_DEVICE uint16_t to_16_bits(float value, bool f16) {
  return f16 ? to_f16(value) : to_bf16(value);
}

}  // namespace octet::gpu::hip
