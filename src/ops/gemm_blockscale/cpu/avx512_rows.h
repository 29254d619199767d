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
namespace {

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

/// Rows of b from row n on: row r, half h of 64 of block kb is at base + r * row_step + h * half_step +
/// kb * block_step, row-major or packed.
struct CodeRows {
  const uint8_t* base;
  int64_t row_step, half_step, block_step;
  int64_t last;  // row n-1 of b; rows past it repeat it, so that nothing outside b is read
};

OCTET_INLINE CodeRows code_rows(const Task& task, int64_t n) {
  const int64_t last = task.n - 1 - n;
  if (task.b_packed) {
    const uint8_t* base = task.b + packed_offset(n, 0, task.k);
    return {base, 64, kPackBlockBytes / 2, kPackBlockBytes, last};
  }
  return {task.b + n * task.b_stride, task.b_stride, 64, kScaleBlock, last};
}

OCTET_INLINE const uint8_t* row_codes(const CodeRows& rows, int64_t row, int64_t kb) {
  return rows.base + (row < rows.last ? row : rows.last) * rows.row_step + kb * rows.block_step;
}

/// Prefetches b in the order of memory, some way ahead of its use in any order: groups of rows, in
/// each chunks of k, in each rows. Packed b is one run.
/// Why: prefetches that follow the order of use (4 or 8 rows in turn) reach 75 to 85 % of the read
/// floor on Zen 5, this order 95 to 105 %.
struct CodeStream {
  const uint8_t* at;
  int64_t left;  // bytes of this run
  int64_t step;  // 128, or 0 at the end
  CodeRows rows;
  int64_t group_rows, num_rows, k, chunk;
  int64_t group, row, chunk_at;
};

__attribute__((noinline)) void next_run(CodeStream& stream) {
  const int64_t end = stream.group + stream.group_rows;
  if (++stream.row >= (end < stream.num_rows ? end : stream.num_rows)) {
    stream.chunk_at += stream.chunk;
    if (stream.chunk_at >= stream.k) {
      stream.chunk_at = 0;
      stream.group = end;
    }
    stream.row = stream.group;
  }
  if (stream.row >= stream.num_rows) {
    stream.step = 0;
    stream.left = INT64_MAX;
    return;
  }
  const int64_t left = stream.k - stream.chunk_at;
  stream.left = left < stream.chunk ? left : stream.chunk;
  stream.at = stream.rows.base + stream.row * stream.rows.row_step + stream.chunk_at;
}

OCTET_INLINE void prefetch_128(CodeStream& stream) {
  _mm_prefetch(stream.at, _MM_HINT_T0);
  _mm_prefetch(stream.at + 64, _MM_HINT_T0);
  stream.at += stream.step;
  stream.left -= stream.step;
  if (__builtin_expect(stream.left <= 0, 0)) next_run(stream);
}

/// A stream over rows n..n_end that has `lead` bytes under way.
OCTET_INLINE CodeStream start_stream(const Task& task, int64_t n, int64_t n_end, int64_t group_rows,
                                     int64_t chunk, int64_t lead) {
  CodeStream stream{};
  n_end = n_end < task.n ? n_end : task.n;
  stream.rows = code_rows(task, n);
  stream.at = stream.rows.base;
  stream.step = kScaleBlock;
  stream.k = task.k;
  stream.group_rows = group_rows;
  stream.num_rows = task.b_packed ? 0 : n_end - n;
  stream.chunk = chunk;
  stream.left = task.b_packed ? packed_bytes(n_end, task.k) - packed_offset(n, 0, task.k)
                : chunk < task.k ? chunk : task.k;
  for (int64_t i = 0; i < lead; i += kScaleBlock) prefetch_128(stream);
  return stream;
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale::cpu
