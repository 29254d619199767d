// Matrix instructions: a wave multiplies a tile of rows by k with a tile of columns by k and adds
// to float32 (int8: int32).
//
// Layout     lane l holds of the tile of 16 rows (32):
//              8 bits, 16x16x32:    row l % 16, k = 8 (l / 16) + byte;  32x32x16: row l % 32, k = 8
//              (l / 32) + byte 16 bits, 16x16x16:   row l % 16, k = 4 (l / 16) + half;  32x32x8:
//              row l % 32, k = 4 (l / 32) + half 16 bits, 16x16x32:   row l % 16, k = 8 (l / 16) +
//              half;  32x32x16: row l % 32, k = 8 (l / 32) + half int8, 16x16x64:      row l % 16,
//              k = 16 (l / 16) + byte; 32x32x32: row l % 32, k = 16 (l / 32) + byte 8 bits,
//              16x16x128:   row l % 16, k = 64 (byte / 16) + 16 (l / 16) + byte % 16 8 bits,
//              32x32x64:    row l % 32, k = 32 (byte / 16) + 16 (l / 32) + byte % 16 fp4, 16x16x128
//              (32x32x64): row l % 16 (32), k = 32 (l / 16 (32)) + nibble
//            of the result, in register r: row 4 (l / 16) + r, column l % 16 (16x16); row
//            8 (r / 4) + 4 (l / 32) + r % 4, column l % 32 (32x32). a gives rows, b columns.
//            The scale of k-block j = k / 32 of row i is in lane 16 j + i (16x16x128), 32 j + i
//            (32x32x64): for 8-bit elements not the lane that holds them.
// Requires   gfx942; FP8 is e4m3fnuz there, OCP e4m3fn on gfx950. "gfx950" below: only there.
// Source     AMD matrix instruction calculator; AMD CDNA 3 and CDNA 4 ISA references
#pragma once

#include "src/gpu/hip/kernel.h"
#if !defined(__AMDGCN__)
#include "src/gpu/hip/host.h"
#endif

namespace octet::gpu::hip {

/// Element formats of the instructions over 128 (64) of k.
enum class MatrixFormat : int { kE4m3 = 0, kE5m2 = 1, kE2m1 = 4 };

#if defined(__AMDGCN__)

namespace internal {
using Half4 = _Float16 __attribute__((vector_size(8)));
using Half8 = _Float16 __attribute__((vector_size(16)));
using Short4 = short __attribute__((vector_size(8)));
using Bf16x8 = __bf16 __attribute__((ext_vector_type(8)));
using Words8 = int __attribute__((vector_size(32)));

OCTET_DEVICE long word(Word2 v) { return __builtin_bit_cast(long, v); }
OCTET_DEVICE Half4 half4(Word2 v) { return __builtin_bit_cast(Half4, v); }
OCTET_DEVICE Short4 short4(Word2 v) { return __builtin_bit_cast(Short4, v); }
}  // namespace internal

OCTET_DEVICE Float4 mma_16x16x32_fp8(Word2 a, Word2 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x32_fp8_fp8(internal::word(a), internal::word(b), c, 0, 0,
                                                    0);
}
OCTET_DEVICE Float16 mma_32x32x16_fp8(Word2 a, Word2 b, Float16 c) {
  return __builtin_amdgcn_mfma_f32_32x32x16_fp8_fp8(internal::word(a), internal::word(b), c, 0, 0,
                                                    0);
}
OCTET_DEVICE Float4 mma_16x16x16_bf16(Word2 a, Word2 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(internal::short4(a), internal::short4(b), c, 0,
                                                   0, 0);
}
OCTET_DEVICE Float16 mma_32x32x8_bf16(Word2 a, Word2 b, Float16 c) {
  return __builtin_amdgcn_mfma_f32_32x32x8bf16_1k(internal::short4(a), internal::short4(b), c, 0, 0,
                                                  0);
}
OCTET_DEVICE Float4 mma_16x16x16_f16(Word2 a, Word2 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x16f16(internal::half4(a), internal::half4(b), c, 0, 0, 0);
}
OCTET_DEVICE Float16 mma_32x32x8_f16(Word2 a, Word2 b, Float16 c) {
  return __builtin_amdgcn_mfma_f32_32x32x8f16(internal::half4(a), internal::half4(b), c, 0, 0, 0);
}
OCTET_DEVICE Int4 mma_16x16x32_i8(Word2 a, Word2 b, Int4 c) {
  return __builtin_amdgcn_mfma_i32_16x16x32_i8(internal::word(a), internal::word(b), c, 0, 0, 0);
}
OCTET_DEVICE Int16 mma_32x32x16_i8(Word2 a, Word2 b, Int16 c) {
  return __builtin_amdgcn_mfma_i32_32x32x16_i8(internal::word(a), internal::word(b), c, 0, 0, 0);
}

#if defined(__gfx950__)

OCTET_DEVICE Float4 mma_16x16x32_bf16(Word4 a, Word4 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x32_bf16(
      __builtin_bit_cast(internal::Bf16x8, a), __builtin_bit_cast(internal::Bf16x8, b), c, 0, 0, 0);
}
OCTET_DEVICE Float16 mma_32x32x16_bf16(Word4 a, Word4 b, Float16 c) {
  return __builtin_amdgcn_mfma_f32_32x32x16_bf16(
      __builtin_bit_cast(internal::Bf16x8, a), __builtin_bit_cast(internal::Bf16x8, b), c, 0, 0, 0);
}
OCTET_DEVICE Float4 mma_16x16x32_f16(Word4 a, Word4 b, Float4 c) {
  return __builtin_amdgcn_mfma_f32_16x16x32_f16(__builtin_bit_cast(internal::Half8, a),
                                                __builtin_bit_cast(internal::Half8, b), c, 0, 0, 0);
}
OCTET_DEVICE Float16 mma_32x32x16_f16(Word4 a, Word4 b, Float16 c) {
  return __builtin_amdgcn_mfma_f32_32x32x16_f16(__builtin_bit_cast(internal::Half8, a),
                                                __builtin_bit_cast(internal::Half8, b), c, 0, 0, 0);
}
OCTET_DEVICE Int4 mma_16x16x64_i8(Word4 a, Word4 b, Int4 c) {
  return __builtin_amdgcn_mfma_i32_16x16x64_i8(__builtin_bit_cast(Int4, a),
                                               __builtin_bit_cast(Int4, b), c, 0, 0, 0);
}
OCTET_DEVICE Int16 mma_32x32x32_i8(Word4 a, Word4 b, Int16 c) {
  return __builtin_amdgcn_mfma_i32_32x32x32_i8(__builtin_bit_cast(Int4, a),
                                               __builtin_bit_cast(Int4, b), c, 0, 0, 0);
}

/// Without scales. FP4 uses the first four words.
template <MatrixFormat kA, MatrixFormat kB>
OCTET_DEVICE Float4 mma_16x16x128(Word8 a, Word8 b, Float4 c) {
  // Why literal zeros: they select the instruction without scales (factor 1).
  return __builtin_amdgcn_mfma_scale_f32_16x16x128_f8f6f4(
      __builtin_bit_cast(internal::Words8, a), __builtin_bit_cast(internal::Words8, b), c,
      static_cast<int>(kA), static_cast<int>(kB), 0, 0, 0, 0);
}
template <MatrixFormat kA, MatrixFormat kB>
OCTET_DEVICE Float16 mma_32x32x64(Word8 a, Word8 b, Float16 c) {
  return __builtin_amdgcn_mfma_scale_f32_32x32x64_f8f6f4(
      __builtin_bit_cast(internal::Words8, a), __builtin_bit_cast(internal::Words8, b), c,
      static_cast<int>(kA), static_cast<int>(kB), 0, 0, 0, 0);
}
/// Scaled every 32 of k by byte kASelect (kBSelect) of the lane's word of e8m0. Not for literal
/// words of zero.
template <MatrixFormat kA, MatrixFormat kB, int kASelect = 0, int kBSelect = 0>
OCTET_DEVICE Float4 mma_16x16x128_scaled(Word8 a, Word8 b, Float4 c, uint32_t a_scale,
                                         uint32_t b_scale) {
  return __builtin_amdgcn_mfma_scale_f32_16x16x128_f8f6f4(
      __builtin_bit_cast(internal::Words8, a), __builtin_bit_cast(internal::Words8, b), c,
      static_cast<int>(kA), static_cast<int>(kB), kASelect, static_cast<int>(a_scale), kBSelect,
      static_cast<int>(b_scale));
}
template <MatrixFormat kA, MatrixFormat kB, int kASelect = 0, int kBSelect = 0>
OCTET_DEVICE Float16 mma_32x32x64_scaled(Word8 a, Word8 b, Float16 c, uint32_t a_scale,
                                         uint32_t b_scale) {
  return __builtin_amdgcn_mfma_scale_f32_32x32x64_f8f6f4(
      __builtin_bit_cast(internal::Words8, a), __builtin_bit_cast(internal::Words8, b), c,
      static_cast<int>(kA), static_cast<int>(kB), kASelect, static_cast<int>(a_scale), kBSelect,
      static_cast<int>(b_scale));
}

#endif  // __gfx950__

#else

namespace internal {
template <class Operand, class Sums>
Sums host_matrix(host::Matrix matrix, const Operand& a, const Operand& b, Sums c) {
  uint32_t a_words[sizeof(Operand) / 4], b_words[sizeof(Operand) / 4];
  __builtin_memcpy(a_words, &a, sizeof a);
  __builtin_memcpy(b_words, &b, sizeof b);
  host::matrix({matrix, a_words, b_words, &c});
  return c;
}
template <MatrixFormat kA, MatrixFormat kB, class Sums>
Sums host_f8f6f4(host::Matrix matrix, const Word8& a, const Word8& b, Sums c, bool scaled = false,
                 uint32_t a_scale = 0, uint32_t b_scale = 0, int a_select = 0, int b_select = 0) {
  uint32_t a_words[8], b_words[8];
  __builtin_memcpy(a_words, &a, sizeof a);
  __builtin_memcpy(b_words, &b, sizeof b);
  host::matrix({matrix, a_words, b_words, &c, static_cast<int>(kA), static_cast<int>(kB), a_scale,
                b_scale, a_select, b_select, scaled});
  return c;
}
}  // namespace internal

#define OCTET_HOST_MATRIX(function, matrix, Operand, Sums)       \
  inline Sums function(Operand a, Operand b, Sums c) {           \
    return internal::host_matrix(host::Matrix::matrix, a, b, c); \
  }
OCTET_HOST_MATRIX(mma_16x16x32_fp8, k16x16x32Fp8, Word2, Float4)
OCTET_HOST_MATRIX(mma_32x32x16_fp8, k32x32x16Fp8, Word2, Float16)
OCTET_HOST_MATRIX(mma_16x16x16_bf16, k16x16x16Bf16, Word2, Float4)
OCTET_HOST_MATRIX(mma_32x32x8_bf16, k32x32x8Bf16, Word2, Float16)
OCTET_HOST_MATRIX(mma_16x16x16_f16, k16x16x16F16, Word2, Float4)
OCTET_HOST_MATRIX(mma_32x32x8_f16, k32x32x8F16, Word2, Float16)
OCTET_HOST_MATRIX(mma_16x16x32_i8, k16x16x32I8, Word2, Int4)
OCTET_HOST_MATRIX(mma_32x32x16_i8, k32x32x16I8, Word2, Int16)
OCTET_HOST_MATRIX(mma_16x16x32_bf16, k16x16x32Bf16, Word4, Float4)
OCTET_HOST_MATRIX(mma_32x32x16_bf16, k32x32x16Bf16, Word4, Float16)
OCTET_HOST_MATRIX(mma_16x16x32_f16, k16x16x32F16, Word4, Float4)
OCTET_HOST_MATRIX(mma_32x32x16_f16, k32x32x16F16, Word4, Float16)
OCTET_HOST_MATRIX(mma_16x16x64_i8, k16x16x64I8, Word4, Int4)
OCTET_HOST_MATRIX(mma_32x32x32_i8, k32x32x32I8, Word4, Int16)
#undef OCTET_HOST_MATRIX

template <MatrixFormat kA, MatrixFormat kB>
Float4 mma_16x16x128(Word8 a, Word8 b, Float4 c) {
  return internal::host_f8f6f4<kA, kB>(host::Matrix::k16x16x128F8f6f4, a, b, c);
}
template <MatrixFormat kA, MatrixFormat kB>
Float16 mma_32x32x64(Word8 a, Word8 b, Float16 c) {
  return internal::host_f8f6f4<kA, kB>(host::Matrix::k32x32x64F8f6f4, a, b, c);
}
template <MatrixFormat kA, MatrixFormat kB, int kASelect = 0, int kBSelect = 0>
Float4 mma_16x16x128_scaled(Word8 a, Word8 b, Float4 c, uint32_t a_scale, uint32_t b_scale) {
  return internal::host_f8f6f4<kA, kB>(host::Matrix::k16x16x128F8f6f4, a, b, c, true, a_scale,
                                       b_scale, kASelect, kBSelect);
}
template <MatrixFormat kA, MatrixFormat kB, int kASelect = 0, int kBSelect = 0>
Float16 mma_32x32x64_scaled(Word8 a, Word8 b, Float16 c, uint32_t a_scale, uint32_t b_scale) {
  return internal::host_f8f6f4<kA, kB>(host::Matrix::k32x32x64F8f6f4, a, b, c, true, a_scale,
                                       b_scale, kASelect, kBSelect);
}

#endif

/// 32 of k by what the architecture has. Which k a half of the operands is differs between the two;
/// it is the same of a and of b.
OCTET_DEVICE Float4 mma_f16_k32(Word4 a, Word4 b, Float4 c) {
#if defined(__AMDGCN__) && !defined(__gfx950__)
  c = mma_16x16x16_f16(Word2{a[0], a[1]}, Word2{b[0], b[1]}, c);
  return mma_16x16x16_f16(Word2{a[2], a[3]}, Word2{b[2], b[3]}, c);
#elif defined(__AMDGCN__)
  return mma_16x16x32_f16(a, b, c);
#else
  if constexpr (kGfx950) return mma_16x16x32_f16(a, b, c);
  c = mma_16x16x16_f16(Word2{a[0], a[1]}, Word2{b[0], b[1]}, c);
  return mma_16x16x16_f16(Word2{a[2], a[3]}, Word2{b[2], b[3]}, c);
#endif
}

OCTET_DEVICE Word8 join(Word4 low, Word4 high) {
  return Word8{low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]};
}

}  // namespace octet::gpu::hip
