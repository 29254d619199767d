// Rows of weights for the AMX pipelines: the order of their pieces, and their decoding to tiles.
//
// Layout     a piece is piece_kb x 128 of k of a panel of 16 or 32 rows; decoded (k/32, row_tiles)
//            tiles. Folds of e8m0 scales (avx512_fold.h) lie beside it, (k/128, row_tiles)
// Requires   amx_decode.h; include only from kernel files
// Method     a piece is decoded a few rows at a time, beside the dot products of the piece before.
//            e8m0: folds are made when a piece starts; its exponents, 32 lines in as many places,
//            are prefetched with the codes, a line of each row every 2048 of k
#pragma once

#include "src/cpu/amx_decode.h"
#include "src/cpu/amx_tile.h"
#include "src/cpu/pack.h"
#include "src/cpu/scaled_rows.h"

namespace octet::cpu {
namespace {

/// How the pipeline walks over b.
struct AmxLoop {
  int64_t block_tiles;   // tiles of 16 tokens per pass over b
  int row_tiles;         // tiles of 16 rows in a panel: 1 or 2
  int piece_kb;          // blocks of 128 of k in a piece
  int prefetch_pieces;   // pieces between prefetch and decode, 0: none
  int panels_per_group;  // panels that take turns, chunk of k by chunk of k
  int64_t chunk_bytes;   // of activations per turn: what stays in L2
  Scales scales = Scales::kF32Of128;
};

/// The panels of one call and the order of their pieces: groups of panels; inside a group chunks of
/// k; inside a chunk the panels; inside a panel its pieces.
struct Panels {
  int64_t end, group_size, num_kb, chunk_kb;
};

struct Position {
  int64_t group, chunk, panel, kb;  // the first panel of the group, the first block of the chunk
};

OCTET_INLINE int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }

OCTET_INLINE bool advance(const Panels& panels, int piece_kb, Position& at) {
  at.kb += piece_kb;
  if (at.kb < smaller(at.chunk + panels.chunk_kb, panels.num_kb)) return true;
  at.kb = at.chunk;
  if (++at.panel < smaller(at.group + panels.group_size, panels.end)) return true;
  at.panel = at.group;
  at.kb = at.chunk += panels.chunk_kb;
  if (at.chunk < panels.num_kb) return true;
  at.panel = at.group += panels.group_size;
  at.kb = at.chunk = 0;
  return at.panel < panels.end;
}

/// Decoding of one piece, a few rows at a time.
struct Decoding {
  bool fnuz;
  const uint8_t* codes;
  const uint8_t* ahead;            // the same place of a later piece, to prefetch
  int64_t half_bytes, row_bytes;   // between 64s of k, between rows
  int64_t last_row;                // rows past it repeat it: their results are not stored
  const RowFolds* folds;           // e8m0: (k/128, row_tiles)
  const uint8_t* ahead_exponents;  // e8m0: to prefetch, of the first row, or null
  int64_t exponent_stride, left;   // e8m0: between rows; of k from the first block on
  bool whole;                      // e8m0: all rows and all of k exist
  FoldedRows rows;                 // e8m0, whole: what is next
  uint8_t* out;                    // (k/32, row_tiles) tiles
  unsigned done;                   // rows of 64 codes
  int total;
  int credit;
  int steps = 1;  // that the work is spread over
};

template <AmxLoop kLoop>
OCTET_INLINE const uint8_t* piece_codes(const Task& task, const Position& at) {
  const int64_t n = at.panel * kLoop.row_tiles * 16, k = at.kb * kScaleBlock;
  return task.b + (task.b_packed ? packed_offset(n, k, task.k) : n * task.b_stride + k);
}

/// The e8m0 part of start_decoding; `ahead`: the piece to prefetch, if there is one.
template <AmxLoop kLoop>
OCTET_INLINE void start_folding(const Task& task, const Position& at, int64_t num_kb,
                                const Position* ahead, FoldRoom& folding, Decoding& job) {
  constexpr int64_t kRows = kLoop.row_tiles * 16;
  for (int64_t i = 0; i < num_kb; ++i) {
    expand_block_folds(task, at.panel * kRows, at.kb + i, kLoop.row_tiles, folding,
                       i * kLoop.row_tiles);
  }
  job.folds = folding.folds;
  job.left = task.k - at.kb * kScaleBlock;
  job.whole = job.left >= num_kb * kScaleBlock && job.last_row == kRows - 1;
  job.exponent_stride = task.b_exponent_stride;
  if (ahead != nullptr && (ahead->kb % kLineBlocks == 0 || ahead->kb == ahead->chunk)) {
    job.ahead_exponents = exponent_line(task, ahead->panel * kRows, ahead->kb);
  }
}

template <AmxLoop kLoop>
OCTET_INLINE Decoding start_decoding(const Task& task, const Panels& panels, Position at, int steps,
                                     uint8_t* out, FoldRoom& folding) {
  constexpr int kRows = kLoop.row_tiles * 16;
  const int64_t num_kb = smaller(kLoop.piece_kb, panels.num_kb - at.kb);
  Decoding job{};
  job.fnuz = is_fnuz(*task.codes);
  job.codes = piece_codes<kLoop>(task, at);
  job.half_bytes = task.b_packed ? kPackBlockBytes / 2 : 64;
  job.row_bytes = task.b_packed ? 64 : task.b_stride;
  job.last_row = task.b_packed ? kRows - 1 : smaller(kRows, task.n - at.panel * kRows) - 1;
  job.out = out;
  job.total = static_cast<int>(num_kb) * 2 * kRows;
  job.steps = steps;
  Position ahead = at;
  bool more = true;
  for (int i = 0; more && i < kLoop.prefetch_pieces; ++i)
    more = advance(panels, kLoop.piece_kb, ahead);
  job.ahead = more ? piece_codes<kLoop>(task, ahead) : job.codes;
  if (kLoop.scales == Scales::kE8m0Of32) {
    start_folding<kLoop>(task, at, num_kb, more ? &ahead : nullptr, folding, job);
  }
  return job;
}

/// Rows of 64 of k: codes from row 0 on, folds and destination from row `row` on.
template <AmxLoop kLoop>
OCTET_INLINE FoldedRows rows_from(const Decoding& job, int64_t half, int64_t row) {
  const RowFolds& folds = job.folds[half / 2 * kLoop.row_tiles + row / 16];
  return {job.codes + half * 64, job.ahead + half * 64, job.row_bytes,
          folds_at(folds, row % 16, half % 2),
          job.out + half * 2 * kLoop.row_tiles * kTileBytes + row * 64};
}

/// `quads` x 4 rows of 64 codes with e8m0 scales, of one row tile.
template <AmxLoop kLoop>
OCTET_INLINE void decode_folded(const AffineDecoder& decoder, Decoding& job, int quads) {
  constexpr unsigned kRows = kLoop.row_tiles * 16;
  constexpr int64_t kSecond = kLoop.row_tiles * kTileBytes;
  const int64_t half = job.done / kRows, row = job.done % kRows;
  for (int i = 0; half == 0 && job.ahead_exponents != nullptr && i < quads; ++i) {
    const uint8_t* first = job.ahead_exponents + (row + 4 * i) * job.exponent_stride;
    prefetch_rows(first, job.exponent_stride);
  }
  job.done += 4 * static_cast<unsigned>(quads);
  if (__builtin_expect(!job.whole, 0)) {
    const Edge edge{row, job.last_row, job.left - half * 64};
    return decode_folded_edge(decoder, rows_from<kLoop>(job, half, row), edge, quads, kSecond);
  }
  if (row == 0) {
    job.rows = rows_from<kLoop>(job, half, 0);
  } else if (row == 16) {
    job.rows.folds += sizeof(RowFolds) - 64;  // from past the first 16 rows to the next
  }
  decode_folded_rows(decoder, job.rows, quads, kSecond);
}

/// Four rows of 64 codes.
template <AmxLoop kLoop>
OCTET_INLINE void decode_four(const AffineDecoder& decoder, Decoding& job) {
  constexpr unsigned kRows = kLoop.row_tiles * 16;
  const int64_t half = job.done / kRows, row = job.done % kRows;
  uint8_t* out = job.out + half * 2 * kRows * 64 + row * 64;
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t at = half * job.half_bytes + smaller(row + i, job.last_row) * job.row_bytes;
    if (kLoop.prefetch_pieces > 0) _mm_prefetch(job.ahead + at, _MM_HINT_T1);
    const Bf16x64 values =
        decode64_any(decoder.tables, _mm512_loadu_si512(job.codes + at), job.fnuz);
    _mm512_store_si512(out + i * 64, values.first);
    _mm512_store_si512(out + kRows * 64 + i * 64, values.second);
  }
  job.done += 4;
}

/// One step's share: total/steps rows on average, in fours.
template <AmxLoop kLoop>
OCTET_INLINE void decode_share(const AffineDecoder& decoder, Decoding& job) {
  int quads = 0;
  for (job.credit += job.total; job.credit >= 4 * job.steps; job.credit -= 4 * job.steps) {
    if constexpr (kLoop.scales == Scales::kF32Of128) decode_four<kLoop>(decoder, job);
    ++quads;
  }
  while (kLoop.scales == Scales::kE8m0Of32 && quads > 0) {
    const int left = 4 - static_cast<int>(job.done % 16 / 4), count = quads < left ? quads : left;
    decode_folded<kLoop>(decoder, job, count);
    quads -= count;
  }
}

}  // namespace
}  // namespace octet::cpu
