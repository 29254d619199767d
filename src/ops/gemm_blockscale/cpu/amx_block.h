// AMX building blocks: activations as tiles, and the pipeline that streams weights through the
// tiles.
//
// Layout     d^T = b x a^T: rows of weights are the A operand (no interleaving needed), tokens the
// columns
//            of B. A panel is 16 or 32 rows of b, a piece 128 or 256 of k of one panel. `shared`
//            holds B tiles (k/128, tokens/16, 4) of 1 KB, then f32 scales (k/128, tokens), zero
//            past m
// Requires   amx_tile.h and avx512_block.h; include only from kernel files
// Numerics   exact products, f32 sums of 128 of k in a tile, then one f32 FMA per 128 of k with
//            a_scale * b_scale, ascending: the bits depend on no split of the work
// Method     three things run side by side, a slice each per four dot products: dot products of
// this
//            128 of k, scaling of the previous 128, decoding of the next piece
#pragma once

#include "src/ops/gemm_blockscale/cpu/amx_tile.h"
#include "src/ops/gemm_blockscale/cpu/avx512_block.h"
#include "src/ops/gemm_blockscale/cpu/pack.h"

namespace octet::ops::gemm_blockscale::cpu {
namespace {

constexpr int64_t kTokenTileBytes = 4 * kTileBytes;  // 16 tokens x 128 of k

/// How the pipeline walks over b.
struct AmxLoop {
  int row_tiles;         // tiles of 16 rows in a panel: 1 or 2
  int piece_kb;          // blocks of 128 of k in a piece: 1 or 2
  int prefetch_pieces;   // pieces between prefetch and decode, 0: none
  int panels_per_group;  // panels that take turns, chunk of k by chunk of k
  int64_t chunk_bytes;   // of activations per turn: what stays in L2
};

struct Tokens {
  int64_t num_kb, num_tiles;
  const uint8_t* tiles;  // (num_kb, num_tiles, 4) tiles
  const float* scales;   // (num_kb, num_tiles * 16)
};

OCTET_INLINE Tokens tokens_of(const Task& task) {
  const int64_t num_kb = task.k / kScaleBlock, num_tiles = (task.m + 15) / 16;
  const uint8_t* scales = task.shared + num_kb * num_tiles * kTokenTileBytes;
  return {num_kb, num_tiles, task.shared, reinterpret_cast<const float*>(scales)};
}

OCTET_INLINE int64_t tokens_bytes(const Task& task) {
  return task.k / kScaleBlock * ((task.m + 15) / 16) * (kTokenTileBytes + 64);
}

OCTET_INLINE int64_t tokens_units(const Task& task) {
  return task.k / kScaleBlock * ((task.m + 15) / 16);
}

/// Decodes 64 codes of 16 tokens into two B tiles: row i holds pair i of k of each token.
OCTET_INLINE void prepare_half_tile(const CodeTable& table, const uint8_t* codes, int64_t stride,
                                    int64_t valid, uint8_t* out) {
  const Decoder decoder = load_decoder(table);
  const bool fnuz = is_fnuz(table);
  __m512i first[16], second[16];
  for (int i = 0; i < 16; ++i) {
    const __m512i row = i < valid ? _mm512_loadu_si512(codes + i * stride) : _mm512_setzero_si512();
    const Bf16x64 values = decode64_any(decoder, row, fnuz);
    first[i] = values.first;
    second[i] = values.second;
  }
  transpose16x16(first);
  transpose16x16(second);
  for (int i = 0; i < 16; ++i) {
    _mm512_store_si512(out + i * 64, first[i]);
    _mm512_store_si512(out + kTileBytes + i * 64, second[i]);
  }
}

/// One unit of prepare: 128 of k of 16 tokens, and their scales.
OCTET_INLINE void prepare_tokens(const Task& task, int64_t unit) {
  const Tokens tokens = tokens_of(task);
  const int64_t kb = unit / tokens.num_tiles, m = unit % tokens.num_tiles * 16;
  const int64_t valid = task.m - m < 16 ? task.m - m : 16;
  for (int64_t half = 0; half < 2; ++half) {
    prepare_half_tile(*task.codes, task.a + m * task.a_stride + kb * kScaleBlock + half * 64,
                      task.a_stride, valid,
                      task.shared + unit * kTokenTileBytes + half * 2 * kTileBytes);
  }
  float* scales = const_cast<float*>(tokens.scales) + unit * 16;
  const float* from = task.a_scale + m * task.a_scale_stride_m + kb * task.a_scale_stride_k;
  for (int64_t i = 0; i < 16; ++i) scales[i] = i < valid ? from[i * task.a_scale_stride_m] : 0.0f;
}

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
  const uint8_t* ahead;           // the same place of a later piece, to prefetch
  int64_t half_bytes, row_bytes;  // between 64s of k, between rows
  int64_t last_row;               // rows past it repeat it: their results are not stored
  uint8_t* out;                   // (k/32, row_tiles) tiles
  int done, total;                // rows of 64 codes
  int credit;
  int steps = 1;  // that the work is spread over
};

template <AmxLoop kLoop>
OCTET_INLINE const uint8_t* piece_codes(const Task& task, const Position& at) {
  const int64_t n = at.panel * kLoop.row_tiles * 16, k = at.kb * kScaleBlock;
  return task.b + (task.b_packed ? packed_offset(n, k, task.k) : n * task.b_stride + k);
}

template <AmxLoop kLoop>
OCTET_INLINE Decoding start_decoding(const Task& task, const Panels& panels, Position at, int steps,
                                     uint8_t* out) {
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
  bool more = true;
  for (int i = 0; more && i < kLoop.prefetch_pieces; ++i)
    more = advance(panels, kLoop.piece_kb, at);
  job.ahead = more ? piece_codes<kLoop>(task, at) : job.codes;
  return job;
}

template <AmxLoop kLoop>
OCTET_INLINE void decode_rows(const Decoder& decoder, Decoding& job) {  // four rows of 64 codes
  constexpr int kRows = kLoop.row_tiles * 16;
  const int64_t half = job.done / kRows, row = job.done % kRows;
  uint8_t* out = job.out + half * 2 * kRows * 64 + row * 64;
#pragma GCC unroll 4
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t at = half * job.half_bytes + smaller(row + i, job.last_row) * job.row_bytes;
    if (kLoop.prefetch_pieces > 0) _mm_prefetch(job.ahead + at, _MM_HINT_T0);
    const Bf16x64 values = decode64_any(decoder, _mm512_loadu_si512(job.codes + at), job.fnuz);
    _mm512_store_si512(out + i * 64, values.first);
    _mm512_store_si512(out + kRows * 64 + i * 64, values.second);
  }
  job.done += 4;
}

/// One step's share: total/steps rows on average, in fours.
template <AmxLoop kLoop>
OCTET_INLINE void decode_share(const Decoder& decoder, Decoding& job) {
  job.credit += job.total;
  while (job.credit >= 4 * job.steps) {
    decode_rows<kLoop>(decoder, job);
    job.credit -= 4 * job.steps;
  }
}

/// Scaling of the sums of one 128 of k into the results: (token_tiles, rows, 16 tokens) both.
struct Drain {
  const float* sums;
  float* results;
  const float* scales;
  float b_scale;
  int rows_per_step, token_tiles;  // 0 rows: nothing is pending
  bool first;                      // results have no value yet
  bool last;                       // write d at m, n instead of results: 2x2 tiles only
  int64_t m, n;
};

OCTET_INLINE __m512 drain_scale(const Drain& drain, int step) {
  const __m512 a_scale = _mm512_load_ps(drain.scales + step * drain.token_tiles / 4 * 16);
  return _mm512_mul_ps(a_scale, _mm512_set1_ps(drain.b_scale));
}

OCTET_INLINE __m512 drain_row(const Drain& drain, int row, __m512 scale) {
  const __m512 before =
      drain.first ? _mm512_setzero_ps() : _mm512_load_ps(drain.results + row * 16);
  return _mm512_fmadd_ps(_mm512_load_ps(drain.sums + row * 16), scale, before);
}

/// Writes 16 rows x 16 tokens, transposed, to d.
OCTET_INLINE void store_tile(const Task& task, int64_t m, int64_t n, __m512i (&rows)[16]) {
  transpose16x16(rows);
  const __mmask16 columns = tail_mask(task.n - n);
  const int64_t tokens = smaller(16, task.m - m);
  for (int64_t i = 0; i < tokens; ++i) {
    store16(task, m + i, n, _mm512_castsi512_ps(rows[i]), columns);
  }
}

/// The drain_step of the last 128 of k: one tile of 2x2.
__attribute__((noinline)) void finish_step(const Task& task, Drain drain, int step) {
  const __m512 scale = drain_scale(drain, step);
  __m512i rows[16];
  for (int i = 0; i < 16; ++i) {
    rows[i] = _mm512_castps_si512(drain_row(drain, step * 16 + i, scale));
  }
  store_tile(task, drain.m + step / 2 * 16, drain.n + step % 2 * 16, rows);
}

OCTET_INLINE void drain_step(const Task& task, const Drain& drain, int step) {
  if (drain.last) return finish_step(task, drain, step);
  const __m512 scale = drain_scale(drain, step);
  const int end = (step + 1) * drain.rows_per_step;
  for (int row = step * drain.rows_per_step; row < end; row += 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      _mm512_store_ps(drain.results + (row + i) * 16, drain_row(drain, row + i, scale));
    }
  }
}

OCTET_INLINE void flush(const Task& task, Drain& drain) {
  if (drain.rows_per_step == 0) return;
  for (int step = 0; step < 4; ++step) drain_step(task, drain, step);
  drain.rows_per_step = 0;
}

/// 32 of k: C tile t * kRowTiles + r += rows r x tokens t.
template <int kRowTiles, int kTokenTiles>
OCTET_INLINE void multiply_step(const uint8_t* rows, const uint8_t* tokens) {
  tile_load<6>(tokens);
  tile_load<4>(rows);
  tile_dot_bf16<0, 4, 6>();
  if constexpr (kRowTiles == 2) {
    tile_load<5>(rows + kTileBytes);
    tile_dot_bf16<1, 5, 6>();
  }
  if constexpr (kTokenTiles == 2) {
    tile_load<7>(tokens + kTokenTileBytes);
    tile_dot_bf16<kRowTiles, 4, 7>();
    if constexpr (kRowTiles == 2) tile_dot_bf16<3, 5, 7>();
  }
}

template <int kTiles>
OCTET_INLINE void zero_sums() {
  tile_zero<0>();
  if constexpr (kTiles >= 2) tile_zero<1>();
  if constexpr (kTiles == 4) {
    tile_zero<2>();
    tile_zero<3>();
  }
}

template <int kTiles>
OCTET_INLINE void store_sums(float* sums) {
  tile_store<0>(sums);
  if constexpr (kTiles >= 2) tile_store<1>(sums + 256);
  if constexpr (kTiles == 4) {
    tile_store<2>(sums + 512);
    tile_store<3>(sums + 768);
  }
}

/// What is under way between two blocks of 128 of k.
struct Pipeline {
  Decoder decoder;
  Decoding decoding;
  Drain drain;
  const uint8_t* later_tokens;  // to prefetch into L2, or null
  int later_lines;              // of 64 bytes, per step
  int turn;                     // which of the two sums is written next
};

OCTET_INLINE void prefetch_tokens(Pipeline& pipeline) {
  for (int i = 0; i < pipeline.later_lines; ++i, pipeline.later_tokens += 64) {
    _mm_prefetch(pipeline.later_tokens, _MM_HINT_T1);
  }
}

/// 128 of k of one panel and one or two token tiles, beside the pending drain and decoding.
template <AmxLoop kLoop, int kTokenTiles>
OCTET_INLINE void multiply_block(const Task& task, const uint8_t* rows, const uint8_t* tokens,
                                 Pipeline& pipeline, float* sums) {
  constexpr int kTiles = kLoop.row_tiles * kTokenTiles;
  zero_sums<kTiles>();
#pragma GCC unroll 4
  for (int step = 0; step < 4; ++step) {
    multiply_step<kLoop.row_tiles, kTokenTiles>(rows + step * kLoop.row_tiles * kTileBytes,
                                                tokens + step * kTileBytes);
    if (pipeline.drain.rows_per_step != 0) drain_step(task, pipeline.drain, step);
    decode_share<kLoop>(pipeline.decoder, pipeline.decoding);
    if (kLoop.chunk_bytes == 0) prefetch_tokens(pipeline);
  }
  store_sums<kTiles>(sums);
}

/// Writes the results that no finish_step wrote: those of `tile` and later token tiles.
template <AmxLoop kLoop>
OCTET_INLINE void store_results(const Task& task, int64_t n, int64_t tile, int64_t tile_end,
                                const float* results) {
  for (; tile < tile_end; ++tile, results += kLoop.row_tiles * 256) {
    for (int r = 0; r < kLoop.row_tiles; ++r) {
      __m512i rows[16];
      for (int i = 0; i < 16; ++i) rows[i] = _mm512_load_si512(results + r * 256 + i * 16);
      store_tile(task, tile * 16, n + r * 16, rows);
    }
  }
}

/// Token tiles and panels of one call, and its private memory.
template <AmxLoop kLoop>
struct Pass {
  static constexpr int64_t kSlotBytes = kLoop.row_tiles * kLoop.piece_kb * 4 * kTileBytes;
  static constexpr int64_t kSumsBytes = kLoop.row_tiles * 2 * kTileBytes;
  static constexpr int64_t kFixedBytes = 2 * (kSlotBytes + kSumsBytes);

  int64_t tile_begin, tile_end, panel_begin;
  Panels panels;
  uint8_t* scratch;       // two slots of decoded pieces, two of sums, results
  int64_t panel_results;  // floats from one panel's results to the next's

  uint8_t* slot(int i) const { return scratch + i * kSlotBytes; }
  float* sums(int i) const {
    return reinterpret_cast<float*>(scratch + 2 * kSlotBytes + i * kSumsBytes);
  }
  float* results(const Position& at) const {
    return reinterpret_cast<float*>(scratch + kFixedBytes) + (at.panel - at.group) * panel_results;
  }
};

template <AmxLoop kLoop>
OCTET_INLINE int64_t chunk_kb(int64_t token_tiles) {
  const int64_t fit = kLoop.chunk_bytes / (token_tiles * kTokenTileBytes);
  return fit <= kLoop.piece_kb ? kLoop.piece_kb : fit / kLoop.piece_kb * kLoop.piece_kb;
}

/// Panels whose results live at the same time: one, unless a panel's k is visited in turns.
template <AmxLoop kLoop>
OCTET_INLINE int64_t live_panels(int64_t num_kb, int64_t token_tiles) {
  return chunk_kb<kLoop>(token_tiles) >= num_kb ? 1 : kLoop.panels_per_group;
}

template <AmxLoop kLoop>
OCTET_INLINE int64_t pass_bytes(const Task& task, int64_t block_tiles) {
  const int64_t tiles = smaller(block_tiles, (task.m + 15) / 16);
  const int64_t results = live_panels<kLoop>(task.k / kScaleBlock, tiles) * tiles;
  return Pass<kLoop>::kFixedBytes + results * kLoop.row_tiles * kTileBytes;
}

/// Where the same place of the next chunk of k starts, the part of it that this panel prefetches.
template <AmxLoop kLoop>
OCTET_INLINE void aim_prefetch(const Pass<kLoop>& pass, const Tokens& tokens, const Position& at,
                               const uint8_t* b_tiles, Pipeline& pipeline) {
  const int64_t live = smaller(pass.panels.group_size, pass.panels.end - at.group);
  const bool more = at.chunk + pass.panels.chunk_kb < tokens.num_kb;
  const int64_t skip_kb = more ? pass.panels.chunk_kb : -at.chunk;
  pipeline.later_lines = static_cast<int>((32 + live - 1) / live);
  pipeline.later_tokens = b_tiles + skip_kb * tokens.num_tiles * kTokenTileBytes +
                          (at.panel - at.group) * pipeline.later_lines * 4 * 64;
}

template <AmxLoop kLoop>
OCTET_INLINE void multiply_piece(const Task& task, const Pass<kLoop>& pass, const Position& at,
                                 const uint8_t* rows, Pipeline& pipeline) {
  const Tokens tokens = tokens_of(task);
  const int64_t n = at.panel * kLoop.row_tiles * 16;
  const int64_t num_kb = smaller(kLoop.piece_kb, tokens.num_kb - at.kb);
  const float* b_scale = task.b_scale + n / kScaleBlock * task.b_scale_stride + at.kb;
  for (int64_t tile = pass.tile_begin; tile < pass.tile_end; tile += 2) {
    float* results = pass.results(at) + (tile - pass.tile_begin) * kLoop.row_tiles * 256;
    const int pair = tile + 1 < pass.tile_end ? 2 : 1;
    for (int64_t kb = 0; kb < num_kb; ++kb) {
      const int64_t at_tile = (at.kb + kb) * tokens.num_tiles + tile;
      const uint8_t* b_tiles = tokens.tiles + at_tile * kTokenTileBytes;
      const uint8_t* a_tiles = rows + kb * kLoop.row_tiles * kTokenTileBytes;
      float* sums = pass.sums(pipeline.turn);
      if (kLoop.chunk_bytes == 0) aim_prefetch(pass, tokens, at, b_tiles, pipeline);
      if (pair == 2) {
        multiply_block<kLoop, 2>(task, a_tiles, b_tiles, pipeline, sums);
      } else {
        multiply_block<kLoop, 1>(task, a_tiles, b_tiles, pipeline, sums);
      }
      pipeline.turn ^= 1;
      const bool last = at.kb + kb + 1 == tokens.num_kb && pair * kLoop.row_tiles == 4;
      pipeline.drain = {sums,
                        results,
                        tokens.scales + at_tile * 16,
                        b_scale[kb],
                        pair * kLoop.row_tiles * 4,
                        pair,
                        at.kb + kb == 0,
                        last,
                        tile * 16,
                        n};
    }
  }
}

/// Decoding of the piece after `at`, spread over the steps of the piece at `at`; false: there is
/// none.
template <AmxLoop kLoop>
OCTET_INLINE bool start_next(const Task& task, const Pass<kLoop>& pass, Position& at, uint8_t* slot,
                             Decoding& decoding) {
  const int64_t num_kb = smaller(kLoop.piece_kb, pass.panels.num_kb - at.kb);
  const int64_t pairs = (pass.tile_end - pass.tile_begin + 1) / 2;
  const bool more = advance(pass.panels, kLoop.piece_kb, at);
  decoding = more ? start_decoding<kLoop>(task, pass.panels, at,
                                          static_cast<int>(pairs * num_kb * 4), slot)
                  : Decoding{};
  return more;
}

template <AmxLoop kLoop>
OCTET_INLINE void run_pass(const Task& task, const Pass<kLoop>& pass) {
  const int64_t tiles = pass.tile_end - pass.tile_begin;
  const int64_t finished = kLoop.row_tiles == 2 ? tiles / 2 * 2 : 0;  // by finish_step
  Position at{pass.panel_begin, 0, pass.panel_begin, 0};
  Pipeline pipeline{load_decoder(*task.codes), {}, {}, nullptr, 0, 0};
  pipeline.decoding = start_decoding<kLoop>(task, pass.panels, at, 1, pass.slot(0));
  decode_share<kLoop>(pipeline.decoder, pipeline.decoding);
  bool more = true;
  for (int slot = 0; more; slot ^= 1) {
    const Position now = at;
    more = start_next(task, pass, at, pass.slot(slot ^ 1), pipeline.decoding);
    multiply_piece(task, pass, now, pass.slot(slot), pipeline);
    if (now.kb + kLoop.piece_kb >= pass.panels.num_kb && finished < tiles) {
      flush(task, pipeline.drain);
      store_results<kLoop>(task, now.panel * kLoop.row_tiles * 16, pass.tile_begin + finished,
                           pass.tile_end, pass.results(now) + finished * kLoop.row_tiles * 256);
    }
  }
  flush(task, pipeline.drain);
}

template <AmxLoop kLoop>
OCTET_INLINE int64_t num_panels(const Task& task) {
  return (task.n + kLoop.row_tiles * 16 - 1) / (kLoop.row_tiles * 16);
}

template <AmxLoop kLoop>
OCTET_INLINE int64_t num_units(const Task& task, int64_t block_tiles) {  // token blocks x panels
  return ((task.m + 15) / 16 + block_tiles - 1) / block_tiles * num_panels<kLoop>(task);
}

template <AmxLoop kLoop>
OCTET_INLINE void run_units(const Task& task, int64_t block_tiles, int64_t begin, int64_t end,
                            uint8_t* scratch) {
  static constexpr TileConfig kFullTiles = full_tiles();
  const int64_t num_kb = task.k / kScaleBlock, token_tiles = (task.m + 15) / 16;
  const int64_t panels = num_panels<kLoop>(task);
  tile_configure(kFullTiles);
  while (begin < end) {
    const int64_t panel = begin % panels, count = smaller(end - begin, panels - panel);
    const int64_t tile = begin / panels * block_tiles;
    const int64_t tile_end = smaller(tile + block_tiles, token_tiles);
    const int64_t live = live_panels<kLoop>(num_kb, tile_end - tile);
    const int64_t chunk = chunk_kb<kLoop>(tile_end - tile);
    run_pass<kLoop>(task, {tile,
                           tile_end,
                           panel,
                           {panel + count, live, num_kb, chunk},
                           scratch,
                           (tile_end - tile) * kLoop.row_tiles * 256});
    begin += count;
  }
  tile_release();
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale::cpu
