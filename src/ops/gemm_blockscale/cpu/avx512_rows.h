// AVX-512 access to rows of weights: where they are, how 16 of them are transposed or reduced.
//
// Requires   as avx512_block.h; include only from kernel files
// Method     the transpose of codes ends in the pair order that decode64 turns into bf16 pairs of k
// with
//            one row a lane, which is what vdpbf16ps multiplies
#pragma once

#include "src/ops/gemm_blockscale/cpu/avx512_block.h"
#include "src/ops/gemm_blockscale/cpu/pack.h"

namespace octet::ops::gemm_blockscale::cpu {

/// Transposes 16 rows of 64 codes in place. Vector j becomes 4 of k (4j..4j+3) of the 16 rows, its
/// bytes in the order that makes decode64 give (k, k+1) pairs of rows 0..15, then (k+2, k+3) pairs.
OCTET_INLINE void transpose_codes16(__m512i rows[16]) {
  __m512i pairs[16], quads[16];
  // Why: 16- and 32-bit unpacks here, not 32- and 64-bit: the pair order then comes out right
  // without 16 byte shuffles.
  for (int i = 0; i < 8; ++i) {
    pairs[2 * i] = _mm512_unpacklo_epi16(rows[2 * i], rows[2 * i + 1]);
    pairs[2 * i + 1] = _mm512_unpackhi_epi16(rows[2 * i], rows[2 * i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    quads[i] = _mm512_unpacklo_epi32(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm512_unpackhi_epi32(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm512_unpacklo_epi32(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm512_unpackhi_epi32(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512i even01 = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0x88);
    const __m512i odd01 = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0xdd);
    const __m512i even23 = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0x88);
    const __m512i odd23 = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0xdd);
    rows[i] = _mm512_shuffle_i32x4(even01, even23, 0x88);
    rows[i + 4] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(even01, even23, 0xdd);
    rows[i + 12] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);
  }
}

/// Lane r of the result is the sum of the 16 lanes of rows[r].
OCTET_INLINE __m512 reduce_rows16(const __m512 rows[16]) {
  __m512 half[8], quarter[4];
  for (int i = 0; i < 8; ++i) {
    half[i] = _mm512_add_ps(_mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]),
                            _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]));
  }
  for (int i = 0; i < 4; ++i) {
    const __m512d low = _mm512_castps_pd(half[2 * i]), high = _mm512_castps_pd(half[2 * i + 1]);
    quarter[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(low, high)),
                               _mm512_castpd_ps(_mm512_unpackhi_pd(low, high)));
  }
  const __m512 low = _mm512_add_ps(_mm512_shuffle_f32x4(quarter[0], quarter[1], 0x88),
                                   _mm512_shuffle_f32x4(quarter[0], quarter[1], 0xdd));
  const __m512 high = _mm512_add_ps(_mm512_shuffle_f32x4(quarter[2], quarter[3], 0x88),
                                    _mm512_shuffle_f32x4(quarter[2], quarter[3], 0xdd));
  return _mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88),
                       _mm512_shuffle_f32x4(low, high, 0xdd));
}

/// Where the codes of `Rows` neighbouring rows of b are, row-major or packed. A group that reaches
/// past row n-1 repeats that row, so nothing outside b is read.
template <int Rows>
struct CodeRows {
  const uint8_t* base;
  int64_t block_step;  // bytes from a block of 128 of k to the next
  int64_t half_step;   // bytes from its first 64 of k to its last 64
  int64_t
      next_group;  // bytes from this group's first block to the next group's; 0: this is the last
  int64_t num_blocks;    // k / 128
  int64_t row_at[Rows];  // offset of each row
};

/// Offset of block `kb`, which may run on into the next group (for prefetches), or of the last
/// block.
template <int Rows>
OCTET_INLINE int64_t block_at(const CodeRows<Rows>& rows, int64_t kb) {
  if (kb < rows.num_blocks) return kb * rows.block_step;
  if (rows.next_group == 0) return (rows.num_blocks - 1) * rows.block_step;
  return rows.next_group + (kb - rows.num_blocks) * rows.block_step;
}

template <int Rows>
OCTET_INLINE CodeRows<Rows> code_rows(const Task& task, int64_t n) {
  CodeRows<Rows> rows;
  const int64_t row_step = task.b_packed ? 64 : task.b_stride;
  const int64_t last = task.n - 1 - n;
  rows.base = task.b + (task.b_packed ? packed_offset(n, 0, task.k) : n * task.b_stride);
  rows.block_step = task.b_packed ? kPackBlockBytes : kScaleBlock;
  rows.half_step = task.b_packed ? 2048 : 64;
  rows.num_blocks = task.k / kScaleBlock;
  rows.next_group = 0;
  if (n + 2 * Rows <= task.n) {
    rows.next_group = task.b_packed
                          ? packed_offset(n + Rows, 0, task.k) - packed_offset(n, 0, task.k)
                          : Rows * row_step;
  }
  for (int r = 0; r < Rows; ++r) {
    const int64_t row = r < last ? r : last;
    rows.row_at[r] = row * row_step;
  }
  return rows;
}

}  // namespace octet::ops::gemm_blockscale::cpu
