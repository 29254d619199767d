// Decoding of a panel: panel_n rows of b x 128 of k, with k outermost and one row a lane.
//
// Layout     (steps of k, panel_n) dwords: bf16 pairs of k, or f32 of single k (avx512_engine.h)
// Requires   as avx512_block.h; include only from kernel files
// Method     16 rows at a time: 128-bit lanes transposed, then 16- and 32-bit unpacks, then
// decode64.
//            Either a whole panel at once, or in pieces between the multiplies of the panel before
// Measured   Zen 5: 4.4 clocks per 64 codes at once, 3 more than the multiplies alone beside them
#pragma once

#include "src/cpu/avx512_engine.h"
#include "src/cpu/avx512_rows.h"

namespace octet::cpu {
namespace {

/// 16 rows of b for 128 of k: row r, half h of 64 of k at codes + r * row_step + h * half_step.
struct Rows16 {
  const uint8_t* codes;
  int64_t row_step, half_step;
};

OCTET_INLINE Bf16x64 fold_rows(const Bf16x64& pairs, __m512i folds) {
  return {fold(pairs.first, folds), fold(pairs.second, folds)};
}

/// Decodes 128 of k of 16 rows into their columns of a panel. `folds`: of Folding engines.
/// Why noinline: with its callers around it GCC 12 keeps addresses in vector registers and spills
/// tables; alone it takes 4.4 clocks per 64 codes on Zen 5 instead of 5.4.
template <class Engine, int PanelN, bool Fnuz>
__attribute__((noinline)) void decode_rows16(const Decoder& tables, const Rows16& from,
                                             const RowFolds* folds, uint8_t* panel) {
  constexpr int64_t kStep = PanelN * 4, kQuad = Engine::kSteps / 32 * kStep;  // bytes
  const Decoder decoder = tables;
  const Rows16 rows = from;
  for (int half = 0; half < 2; ++half) {
    const uint8_t* codes = rows.codes + half * rows.half_step;
    __m512i lanes[4][4];  // [row % 4][16 of k]
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        lanes[i][j] = _mm512_loadu_si512(codes + (4 * j + i) * rows.row_step);
      }
      transpose_lanes(lanes[i]);
    }
#pragma GCC unroll 4
    for (int l = 0; l < 4; ++l) {
      __m512i quads[4] = {lanes[0][l], lanes[1][l], lanes[2][l], lanes[3][l]};
      transpose_quads(quads);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i, panel += kQuad) {
        Bf16x64 pairs = decode64_any(decoder, quads[i], Fnuz);
        if (Engine::kFolds) pairs = fold_rows(pairs, folds->of[half * 2 + l / 2]);
        Engine::store_pair(panel, kStep, pairs.first);
        Engine::store_pair(panel + kQuad / 2, kStep, pairs.second);
      }
    }
  }
}

/// Copies 128 of k of 16 rows of which some lie past the last, those repeat it, or of which `left`
/// of k exist.
__attribute__((noinline)) void copy_rows16(const CodeRows& rows, int64_t row, int64_t kb,
                                           int64_t left, uint8_t* to) {
  for (int64_t r = 0; r < 16; ++r) copy_tail(rows, row + r, kb, left, to + r * 128);
}

/// Decodes 128 of k, of which `left` exist, of the rows from `row` on to (steps, panel_n).
template <class Engine, int PanelN>
OCTET_INLINE void decode_panel(const Decoder& decoder, const CodeRows& rows, int64_t row,
                               int64_t kb, int64_t left, const RowFolds* folds, uint8_t* panel) {
  alignas(64) uint8_t copy[16 * 128];
  for (int n = 0; n < PanelN; n += 16, row += 16, panel += 64, ++folds) {
    Rows16 from{row_codes(rows, row, kb), rows.row_step, rows.half_step};
    if (row + 15 > rows.last || left < kScaleBlock) {
      copy_rows16(rows, row, kb, left, copy);
      from = {copy, 128, 64};
    }
    if (rows.fnuz) {
      decode_rows16<Engine, PanelN, true>(decoder, from, folds, panel);
    } else {
      decode_rows16<Engine, PanelN, false>(decoder, from, folds, panel);
    }
  }
}

/// Decoding of the next panel, 16 of k of 16 rows (a piece) at a time between steps of the tiles.
struct PanelDecode {
  Decoder tables;
  const uint8_t* codes;
  int64_t row_step, half_step;
  uint8_t* panel;
  const RowFolds* folds;  // of Folding engines: for every 16 rows
  int done, total;        // pieces
  int credit, tiles;      // a piece per `tiles` sixteenths of a tile
  bool outside;           // an exponent of a panel so far is (avx512_fold.h)
};

OCTET_INLINE __m128i load128(const uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

/// 16 bytes of k of rows i, 4+i, 8+i and 12+i, a lane each.
OCTET_INLINE void load_lanes(const uint8_t* codes, int64_t row_step, __m512i (&v)[4]) {
  const int64_t step = 4 * row_step;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i, codes += row_step) {
    v[i] = _mm512_castsi128_si512(load128(codes));
    v[i] = _mm512_mask_broadcast_i32x4(v[i], 0x00f0, load128(codes + step));
    v[i] = _mm512_mask_broadcast_i32x4(v[i], 0x0f00, load128(codes + 2 * step));
    v[i] = _mm512_mask_broadcast_i32x4(v[i], 0xf000, load128(codes + 3 * step));
  }
}

/// Folds of the piece that start_piece takes next.
template <class Engine>
OCTET_INLINE __m512i piece_folds(const PanelDecode& job) {
  if (!Engine::kFolds) return _mm512_setzero_si512();
  return job.folds[job.done / 8].of[job.done / 2 % 4];
}

/// Loads and transposes a piece; `to` is where its first quad goes.
template <class Engine, int PanelN>
OCTET_INLINE uint8_t* start_piece(PanelDecode& job, __m512i (&quads)[4]) {
  constexpr int64_t kQuad = Engine::kSteps / 32 * PanelN * 4;  // bytes
  const int64_t n = job.done / 8 * 16, half = job.done / 4 % 2, l = job.done % 4;
  load_lanes(job.codes + n * job.row_step + half * job.half_step + l * 16, job.row_step, quads);
  transpose_quads(quads);
  ++job.done;
  job.credit = 0;
  return job.panel + (half * 16 + l * 4) * kQuad + n * 4;
}

template <class Engine, int PanelN>
OCTET_INLINE void decode_quad(const Decoder& decoder, __m512i codes, __m512i folds, uint8_t* to) {
  constexpr int64_t kStep = PanelN * 4, kQuad = Engine::kSteps / 32 * kStep;  // bytes
  Bf16x64 pairs = decode64(decoder, codes);
  if (Engine::kFolds) pairs = fold_rows(pairs, folds);
  Engine::store_pair(to, kStep, pairs.first);
  Engine::store_pair(to + kQuad / 2, kStep, pairs.second);
}

}  // namespace
}  // namespace octet::cpu
