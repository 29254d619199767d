// AVX2 building blocks of the kernels: exact decode of e4m3 codes through f16, rounded stores of
// results.
//
// Layout     `Weights` walks both layouts of b with one address rule, row-major and packed (pack.h)
// Requires   avx2, fma, f16c; include only from kernel files compiled with those flags
// Numerics   e4m3fn and e4m3fnuz: f16 bits (code & 0x7f) << 7 | sign, times CodeTable::f16_scale,
// are
//            exact, subnormals included. NaN codes are NOT decoded: kernels collect them with
//            NanScan and poison the results, since a NaN weight makes its whole column of d NaN.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "src/cpu/kernel.h"
#include "src/cpu/pack.h"

namespace octet::cpu {

#define OCTET_INLINE static inline __attribute__((always_inline))

/// Addresses of b: byte (row, kb, half) starts 64 codes of k.
struct Weights {
  const uint8_t* data;
  int64_t row_stride, block_stride, half_stride;

  __attribute__((always_inline)) const uint8_t* at(int64_t row, int64_t kb) const {
    return data + row * row_stride + kb * block_stride;
  }
};

/// Addresses for the rows from `n` on; packed: up to the end of the 32 rows of their pack block.
OCTET_INLINE Weights weights_from(const Task& task, int64_t n) {
  if (task.b_packed) return {task.b + packed_offset(n, 0, task.k), 64, kPackBlockBytes, 2048};
  return {task.b + n * task.b_stride, task.b_stride, kScaleBlock, 64};
}

/// 32 codes to f16 bits: `even` holds codes 0, 2 .. 30, `odd` 1, 3 .. 31.
/// As a signed byte, code * 128 is the f16 value with its sign repeated in bit 14: one vpmaddubsw
/// in place of unpack and shift.
struct F16x32 {
  __m256i even, odd;
};

OCTET_INLINE F16x32 decode32(__m256i codes) {
  const __m256i keep = _mm256_set1_epi16(static_cast<int16_t>(0xbfff));
  const __m256i even = _mm256_set1_epi16(0x0080);
  const __m256i odd = _mm256_set1_epi16(static_cast<int16_t>(0x8000));
  return {_mm256_and_si256(_mm256_maddubs_epi16(even, codes), keep),
          _mm256_and_si256(_mm256_maddubs_epi16(odd, codes), keep)};
}

OCTET_INLINE __m256 low_f32(__m256i halves) {
  return _mm256_cvtph_ps(_mm256_castsi256_si128(halves));
}
OCTET_INLINE __m256 high_f32(__m256i halves) {
  return _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1));
}

OCTET_INLINE bool is_nan_code(const CodeTable& codes, uint8_t code) {
  return codes.nan_magnitude != 0 ? (code & 0x7f) == codes.nan_magnitude : code == 0x80;
}

/// Collects whether any NaN code was seen, in two operations for 32 codes. `kFnuz`: only 0x80 is
/// NaN.
template <bool kFnuz>
struct NanScan {
  __m256i seen;  // starts as zero

  __attribute__((always_inline)) void add(__m256i codes) {
    const __m256i low7 = _mm256_set1_epi8(0x7f);
    const __m256i key = kFnuz ? _mm256_xor_si256(codes, low7) : _mm256_and_si256(codes, low7);
    seen = _mm256_max_epu8(seen, key);
  }
  __attribute__((always_inline)) bool any() const {
    const __m256i worst = _mm256_set1_epi8(kFnuz ? static_cast<int8_t>(0xff) : 0x7f);
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(seen, worst)) != 0;
  }
};

/// f32 to bf16, nearest even, NaN stays NaN.
OCTET_INLINE __m128i round_bf16(__m256 values) {
  const __m256i bits = _mm256_castps_si256(values);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256 nan = _mm256_cmp_ps(values, values, _CMP_UNORD_Q);
  rounded = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc00000), _mm256_castps_si256(nan));
  rounded = _mm256_srli_epi32(rounded, 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
}

OCTET_INLINE void store8_16bit(uint16_t* d, __m128i values, int64_t count) {
  if (count >= 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d), values);
    return;
  }
  alignas(16) uint16_t lanes[8];
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes), values);
  for (int64_t i = 0; i < count; ++i) d[i] = lanes[i];
}

/// Stores the first `count` (8 and more: all 8) results d[m, n..] of one row.
OCTET_INLINE void store8(const Task& task, int64_t m, int64_t n, __m256 values, int64_t count) {
  const int64_t at = m * task.d_stride + n;
  if (task.output == Output::kF32) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const int limit = count < 8 ? static_cast<int>(count) : 8;
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(limit), lane);
    _mm256_maskstore_ps(static_cast<float*>(task.d) + at, mask, values);
  } else if (task.output == Output::kBf16) {
    store8_16bit(static_cast<uint16_t*>(task.d) + at, round_bf16(values), count);
  } else {
    const __m128i halves = _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
    store8_16bit(static_cast<uint16_t*>(task.d) + at, halves, count);
  }
}

}  // namespace octet::cpu
