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

/// The four exponents of 128 of k of 16 rows of b, past the last row those of the last, past the
/// last block 127.
OCTET_INLINE __m512i row_exponents(const Task& task, int64_t row, int64_t kb) {
  const uint8_t* from = task.b_exponent + row * task.b_exponent_stride + kb * 4;
  const int64_t blocks = task.k / kMxBlock - kb * 4;
  const bool near = task.b_exponent_stride < 1 << 27;  // 15 rows within 31 bits
  if (__builtin_expect(blocks >= 4 && row + 15 < task.n && near, 1)) {
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i at =
        _mm512_mullo_epi32(lane, _mm512_set1_epi32(static_cast<int>(task.b_exponent_stride)));
    return _mm512_i32gather_epi32(at, from, 1);
  }
  alignas(64) uint8_t bytes[16][4];
  for (int64_t r = 0; r < 16; ++r) {
    const int64_t last = task.n - 1 - row;
    const uint8_t* exponents = from + (r < last ? r : last) * task.b_exponent_stride;
    for (int64_t i = 0; i < 4; ++i) bytes[r][i] = i < blocks ? exponents[i] : uint8_t{127};
  }
  return _mm512_load_si512(bytes);
}

/// Room for the folds of what is being decoded, and whether an exponent seen so far is outside.
struct FoldRoom {
  RowFolds* folds;
  bool outside;
};

/// Folds of 128 of k of rows `row` on of b, `count` x 16, to entries `to` on.
OCTET_INLINE void expand_block_folds(const Task& task, int64_t row, int64_t kb, int count,
                                     FoldRoom& folding, int64_t to) {
  for (int i = 0; i < count; ++i) {
    const __m512i bytes = row_exponents(task, row + 16 * i, kb);
    folding.outside |= expand_row_folds(bytes, folding.folds[to + i]);
  }
}

/// What to prefetch of each row from row `row` on some time before block `kb` of 128 of k, once
/// every 2048 of k: the last byte of the line, since rows end anywhere in one.
OCTET_INLINE const uint8_t* exponent_line(const Task& task, int64_t row, int64_t kb) {
  return task.b_exponent + row * task.b_exponent_stride + (kb * 4 | 63);
}
constexpr int64_t kLineBlocks = 16;  // of 128 of k, whose exponents are a line

/// Where folds of 64 of k, `half` 0 or 1, of row `row` of 16 are; those of the next row are 4 bytes
/// on.
OCTET_INLINE const uint8_t* folds_at(const RowFolds& folds, int64_t row, int64_t half) {
  return reinterpret_cast<const uint8_t*>(folds.of + 2 * half) + 4 * row;
}

/// For decode64 of these 64.
OCTET_INLINE __m512i load_folds(const uint8_t* at) {
  const __m512i first = _mm512_broadcastd_epi32(_mm_loadu_si32(at));
  return _mm512_mask_broadcastd_epi32(first, 0xff00, _mm_loadu_si32(at + sizeof(__m512i)));
}

/// 64 of k of a row, its e8m0 scales folded in. `left` of k exist from there on.
OCTET_INLINE Bf16x64 decode_folded(const Decoder& decoder, const uint8_t* codes,
                                   const uint8_t* exponents, int64_t left) {
  uint8_t is_outside = 0;
  const __m512i folds = folds_of(fold_pair(exponents, 0, left / kMxBlock, is_outside));
  const Bf16x64 values = decode64(decoder, load_left(codes, left));
  return {fold(values.first, folds), fold(values.second, folds)};
}

}  // namespace
}  // namespace octet::cpu
