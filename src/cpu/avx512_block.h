// AVX-512 building blocks of the kernels: exact decode of 8-bit codes and rounded stores of 16
// results.
//
// Requires   avx512f/bw/dq/vl/vbmi; include only from kernel files compiled with those flags
// Method     two 128-entry byte tables (vpermi2b) give the high and low byte of each bf16 value, so
// every
//            code of every 8-bit kind is exact, NaN and subnormals included
#pragma once

#include <immintrin.h>

#include "src/cpu/kernel.h"

namespace octet::cpu {

#define OCTET_INLINE static inline __attribute__((always_inline))

/// Two vectors of 32 bf16 values. "Unpack order": inside each 128-bit lane `first` holds bytes 0..7
/// and `second` bytes 8..15. Any operand decoded by the same routine has the same order of k.
struct Bf16x64 {
  __m512i first, second;
};

struct Decoder {
  __m512i high0, high1, low0, low1;
};

OCTET_INLINE Decoder load_decoder(const CodeTable& codes) {
  return {_mm512_load_si512(codes.bf16_high), _mm512_load_si512(codes.bf16_high + 64),
          _mm512_load_si512(codes.bf16_low), _mm512_load_si512(codes.bf16_low + 64)};
}

/// 64 codes to bf16 in unpack order.
OCTET_INLINE Bf16x64 decode64(const Decoder& decoder, __m512i codes) {
  __m512i high = _mm512_permutex2var_epi8(decoder.high0, codes, decoder.high1);
  const __m512i low = _mm512_permutex2var_epi8(decoder.low0, codes, decoder.low1);
  high = _mm512_ternarylogic_epi32(high, codes, _mm512_set1_epi8(static_cast<char>(0x80)), 0xf8);
  return {_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high)};
}

/// 64 codes, of which `left` exist, with zeros behind them.
OCTET_INLINE __m512i load_left(const uint8_t* codes, int64_t left) {
  if (__builtin_expect(left >= 64, 1)) return _mm512_loadu_si512(codes);
  return _mm512_maskz_loadu_epi8(left <= 0 ? 0 : (uint64_t{1} << left) - 1, codes);
}

/// e4m3fnuz: code 0x80 is the NaN, which a table of magnitudes cannot hold.
OCTET_INLINE bool is_fnuz(const CodeTable& codes) { return codes.f32[0x80] != codes.f32[0x80]; }

/// decode64 for every kind: `fnuz` says that code 0x80 is NaN.
OCTET_INLINE Bf16x64 decode64_any(const Decoder& decoder, __m512i codes, bool fnuz) {
  const Bf16x64 values = decode64(decoder, codes);
  if (__builtin_expect(!fnuz, 1)) return values;
  const __m512i negative_zero = _mm512_set1_epi8(static_cast<char>(0x80));
  const __m512i nan = _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(codes, negative_zero));
  return {_mm512_or_si512(values.first, _mm512_unpacklo_epi8(nan, nan)),
          _mm512_or_si512(values.second, _mm512_unpackhi_epi8(nan, nan))};
}

/// f32 to bf16, nearest even, NaN stays NaN.
OCTET_INLINE __m256i round_bf16(__m512 values) {
  const __m512i bits = _mm512_castps_si512(values);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 nan = _mm512_cmp_ps_mask(values, values, _CMP_UNORD_Q);
  rounded = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc00000));
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}

/// Stores up to 16 results d[m, n..] of one row; `mask` has a bit per valid column.
OCTET_INLINE void store16(const Task& task, int64_t m, int64_t n, __m512 values, __mmask16 mask) {
  const int64_t at = m * task.d_stride + n;
  if (task.output == Output::kF32) {
    _mm512_mask_storeu_ps(static_cast<float*>(task.d) + at, mask, values);
  } else if (task.output == Output::kBf16) {
    _mm256_mask_storeu_epi16(static_cast<uint16_t*>(task.d) + at, mask, round_bf16(values));
  } else {
    _mm256_mask_storeu_epi16(static_cast<uint16_t*>(task.d) + at, mask,
                             _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
  }
}

/// Bits 0..left-1 of 16, all or none past the ends.
OCTET_INLINE __mmask16 tail_mask(int64_t left) {
  return left >= 16 ? 0xffff : left <= 0 ? 0 : static_cast<__mmask16>((1u << left) - 1);
}

/// Transposes 16 rows of 16 dwords in place.
OCTET_INLINE void transpose16x16(__m512i (&rows)[16]) {
  __m512i pairs[16], quads[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512i even_low = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0x88);
    const __m512i odd_low = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0xdd);
    const __m512i even_high = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0x88);
    const __m512i odd_high = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0xdd);
    rows[i] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    rows[i + 4] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
    rows[i + 12] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
  }
}

}  // namespace octet::cpu
