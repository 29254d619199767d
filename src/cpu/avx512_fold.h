// e8m0 scales folded into the exponents of decoded bf16 values (mx.h).
//
// Layout     a "fold" is what is added to a 16-bit value: (byte - 127) << 7, less the mark of
//            mx_code_table, which says that the value is neither zero nor NaN
// Requires   as avx512_block.h; include only from kernel files
// Numerics   exact for bytes kMxLow to kMxHigh
#pragma once

#include "src/cpu/avx512_block.h"
#include "src/cpu/mx.h"

namespace octet::cpu {
namespace {

/// 2^(byte - 127) times each value.
OCTET_INLINE __m512i fold(__m512i values, __m512i folds) {
  const __mmask32 marked = _mm512_test_epi16_mask(values, _mm512_set1_epi16(1));
  return _mm512_mask_add_epi16(values, marked, values, folds);
}

/// Which bytes are not in kMxLow to kMxHigh.
OCTET_INLINE __mmask64 outside(__m512i bytes) {
  const __m512i low = _mm512_set1_epi8(static_cast<char>(kMxLow));
  const __m512i width = _mm512_set1_epi8(static_cast<char>(kMxHigh - kMxLow));
  return _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(bytes, low), width);
}

/// Of bytes that are zero-extended to 16 bits.
OCTET_INLINE __m512i folds_of(__m512i words) {
  return _mm512_sub_epi16(_mm512_slli_epi16(words, 7), _mm512_set1_epi16((127 << 7) + 1));
}

/// Of one byte; `is_outside` is set where it is not in kMxLow to kMxHigh.
OCTET_INLINE int16_t fold_of(uint8_t byte, uint8_t& is_outside) {
  is_outside |= static_cast<uint8_t>(byte < kMxLow || byte > kMxHigh);
  return static_cast<int16_t>((byte - 127) * 128 - 1);
}

/// Of 64 of k from k on of a row: the first 32 and the second; past the end those of 1.
struct FoldPair {
  int16_t first, second;
};
OCTET_INLINE FoldPair fold_pair(const uint8_t* exponents, int64_t kb, int64_t blocks,
                                uint8_t& is_outside) {
  const int16_t first = kb < blocks ? fold_of(exponents[kb], is_outside) : int16_t{-1};
  const int16_t second = kb + 1 < blocks ? fold_of(exponents[kb + 1], is_outside) : int16_t{-1};
  return {first, second};
}

/// For decode64 of these 64.
OCTET_INLINE __m512i folds_of(const FoldPair& pair) {
  return _mm512_mask_mov_epi16(_mm512_set1_epi16(pair.first), 0xffff0000,
                               _mm512_set1_epi16(pair.second));
}

/// Folds of a row's exponents, `count` rounded up to 32. Returns whether one is outside.
OCTET_INLINE bool expand_folds(const uint8_t* exponents, int64_t count, int16_t* folds) {
  __mmask64 seen = 0;
  for (int64_t i = 0; i < count; i += 32) {
    const int64_t left = count - i;
    const __mmask32 mask = left >= 32 ? 0xffffffffu : (1u << left) - 1;
    const __m256i bytes = _mm256_mask_loadu_epi8(_mm256_set1_epi8(127), mask, exponents + i);
    seen |= outside(_mm512_castsi256_si512(bytes)) & 0xffffffffu;
    _mm512_storeu_si512(folds + i, folds_of(_mm512_cvtepu8_epi16(bytes)));
  }
  return seen != 0;
}

/// Folds of 128 of k of 16 rows, a row in both halves of a dword: a vector each 32 of k.
struct RowFolds {
  __m512i of[4];
};

/// `bytes` holds the four exponents of each row, past the last block 127. Returns whether one is
/// outside.
OCTET_INLINE bool expand_row_folds(__m512i bytes, RowFolds& folds) {
  // Byte i of each dword, a zero byte, and both again.
  const __m512i first =
      _mm512_set4_epi32(static_cast<int>(0x800c800c), static_cast<int>(0x80088008),
                        static_cast<int>(0x80048004), static_cast<int>(0x80008000));
  for (int i = 0; i < 4; ++i) {
    const __m512i from = _mm512_add_epi32(first, _mm512_set1_epi32(i * 0x00010001));
    folds.of[i] = folds_of(_mm512_shuffle_epi8(bytes, from));
  }
  return outside(bytes) != 0;
}

}  // namespace
}  // namespace octet::cpu
