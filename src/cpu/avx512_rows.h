// AVX-512 access to rows of weights: where they are, how 16 of them are transposed or reduced.
//
// Requires   as avx512_block.h; include only from kernel files
// Method     the transpose of codes ends in the order that decode64 turns into bf16 pairs of k with
//            one row a lane, which is what vdpbf16ps multiplies
#pragma once

#include "src/cpu/avx512_block.h"
#include "src/cpu/pack.h"

namespace octet::cpu {
namespace {

/// 128-bit lanes of 4 vectors, transposed: vector l becomes lane l of each.
OCTET_INLINE void transpose_lanes(__m512i (&v)[4]) {
  const __m512i even01 = _mm512_shuffle_i32x4(v[0], v[1], 0x88);
  const __m512i odd01 = _mm512_shuffle_i32x4(v[0], v[1], 0xdd);
  const __m512i even23 = _mm512_shuffle_i32x4(v[2], v[3], 0x88);
  const __m512i odd23 = _mm512_shuffle_i32x4(v[2], v[3], 0xdd);
  v[0] = _mm512_shuffle_i32x4(even01, even23, 0x88);
  v[1] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
  v[2] = _mm512_shuffle_i32x4(even01, even23, 0xdd);
  v[3] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);
}

/// `v[i]` holds 16 of k of rows i, 4+i, 8+i and 12+i, a lane each. Vector j becomes k 4j..4j+3 of
/// rows 0..15 in the byte order that makes decode64 give (k, k+1) pairs, then (k+2, k+3) pairs.
/// Why: unpacks of 16, then 32 bits, not of 32, then 64: the pair order comes out right without a
/// byte shuffle per vector.
OCTET_INLINE void transpose_quads(__m512i (&v)[4]) {
  const __m512i low01 = _mm512_unpacklo_epi16(v[0], v[1]);
  const __m512i low23 = _mm512_unpacklo_epi16(v[2], v[3]);
  const __m512i high01 = _mm512_unpackhi_epi16(v[0], v[1]);
  const __m512i high23 = _mm512_unpackhi_epi16(v[2], v[3]);
  v[0] = _mm512_unpacklo_epi32(low01, low23);
  v[1] = _mm512_unpackhi_epi32(low01, low23);
  v[2] = _mm512_unpacklo_epi32(high01, high23);
  v[3] = _mm512_unpackhi_epi32(high01, high23);
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

/// Rows of b from row n on, row-major or packed, with the bytes between neighbours: rows, 32 rows,
/// halves of 64 of a block of 128 of k, blocks.
struct CodeRows {
  const uint8_t* base;
  int64_t row_step, group_step, half_step, block_step;
  int64_t last;  // row n-1 of b; rows past it repeat it, so that nothing outside b is read
  bool fnuz;     // code 0x80 is NaN
};

OCTET_INLINE CodeRows code_rows(const Task& task, int64_t n) {
  const int64_t last = task.n - 1 - n;
  const bool fnuz = is_fnuz(*task.codes);
  if (task.b_packed) {
    const uint8_t* base = task.b + packed_offset(n, 0, task.k);
    return {base, 64, kPackRows * task.k, kPackBlockBytes / 2, kPackBlockBytes, last, fnuz};
  }
  const int64_t step = task.b_stride;
  return {task.b + n * step, step, kPackRows * step, 64, kScaleBlock, last, fnuz};
}

OCTET_INLINE const uint8_t* row_codes(const CodeRows& rows, int64_t row, int64_t kb) {
  const uint64_t r = static_cast<uint64_t>(row < rows.last ? row : rows.last);
  return rows.base + r / kPackRows * rows.group_step + r % kPackRows * rows.row_step +
         kb * rows.block_step;
}

/// 128 of k of row `row`, of which `left` exist, with zeros behind them.
OCTET_INLINE void copy_tail(const CodeRows& rows, int64_t row, int64_t kb, int64_t left,
                            uint8_t* to) {
  const uint8_t* codes = row_codes(rows, row, kb);
  for (int half = 0; half < 2; ++half, left -= 64) {
    _mm512_store_si512(to + half * 64, load_left(codes + half * rows.half_step, left));
  }
}

/// Prefetches b in the order of memory, some way ahead of its use in any order: groups of rows, in
/// each chunks of k, in each rows. Packed b is one run.
/// Why: prefetches that follow the order of use (4 or 8 rows in turn) reach 61 to 87 % of the read
/// floor on Zen 5 (1 token, 5120 x 5120, any distance), this order 90 to 105 %.
struct CodeStream {
  const uint8_t* at;
  int64_t left;  // bytes of this run
  int64_t step;  // 128, or 0 at the end
  CodeRows rows;
  int64_t group_rows, num_rows, k, chunk;
  int64_t group, row, chunk_at;
  const Task* after;  // read behind the last row, or null
  int64_t after_chunk;
};

OCTET_INLINE void go_on(CodeStream& stream) {
  const Task& task = *stream.after;
  stream.rows = code_rows(task, 0);
  stream.num_rows = task.n;
  stream.chunk = stream.after_chunk;
  stream.group = stream.row = stream.chunk_at = 0;
  stream.after = nullptr;
}

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
    if (stream.after == nullptr) {
      stream.step = 0;
      stream.left = INT64_MAX;
      return;
    }
    go_on(stream);
  }
  const int64_t left = stream.k - stream.chunk_at;
  stream.left = left < stream.chunk ? left : stream.chunk;
  stream.at = stream.rows.base + stream.row * stream.rows.row_step + stream.chunk_at;
}

OCTET_INLINE void skip_128(CodeStream& stream) {
  stream.at += stream.step;
  stream.left -= stream.step;
  if (__builtin_expect(stream.left <= 0, 0)) next_run(stream);
}

/// `Hint`: _MM_HINT_T0 into L1, _MM_HINT_T1 into L2.
template <_mm_hint Hint>
OCTET_INLINE void prefetch_128(CodeStream& stream) {
  _mm_prefetch(stream.at, Hint);
  _mm_prefetch(stream.at + 64, Hint);
  skip_128(stream);
}

/// A stream over rows n..n_end that has nothing under way.
OCTET_INLINE CodeStream stream_of(const Task& task, int64_t n, int64_t n_end, int64_t group_rows,
                                  int64_t chunk) {
  CodeStream stream{};
  n_end = n_end < task.n ? n_end : task.n;
  stream.rows = code_rows(task, n);
  stream.at = stream.rows.base;
  stream.step = kScaleBlock;
  stream.k = task.k;
  stream.group_rows = group_rows;
  stream.num_rows = task.b_packed ? 0 : n_end - n;
  stream.chunk = chunk;
  stream.left = task.b_packed    ? packed_bytes(n_end, task.k) - packed_offset(n, 0, task.k)
                : chunk < task.k ? chunk
                                 : task.k;
  return stream;
}

/// Brings `lead` bytes under way; `begun`: the call before has.
OCTET_INLINE void begin_stream(CodeStream& stream, int64_t lead, bool begun) {
  for (int64_t i = 0; i < lead; i += kScaleBlock) {
    if (begun) {
      skip_128(stream);
    } else {
      prefetch_128<_MM_HINT_T1>(stream);
    }
  }
}

}  // namespace
}  // namespace octet::cpu
