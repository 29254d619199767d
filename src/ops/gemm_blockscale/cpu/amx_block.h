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
};

OCTET_INLINE void drain_step(const Drain& drain, int step) {
  const __m512 a_scale = _mm512_load_ps(drain.scales + step * drain.token_tiles / 4 * 16);
  const __m512 scale = _mm512_mul_ps(a_scale, _mm512_set1_ps(drain.b_scale));
  const int end = (step + 1) * drain.rows_per_step;
  for (int row = step * drain.rows_per_step; row < end; row += 4) {
    const float* sums = drain.sums + row * 16;
    float* results = drain.results + row * 16;
#pragma GCC unroll 4
    for (int i = 0; i < 64; i += 16) {
      const __m512 before = drain.first ? _mm512_setzero_ps() : _mm512_load_ps(results + i);
      _mm512_store_ps(results + i, _mm512_fmadd_ps(_mm512_load_ps(sums + i), scale, before));
    }
  }
}

OCTET_INLINE void flush(Drain& drain) {
  if (drain.rows_per_step == 0) return;
  for (int step = 0; step < 4; ++step) drain_step(drain, step);
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

/// 128 of k of one panel and one or two token tiles, beside the pending drain and decoding.
template <AmxLoop kLoop, int kTokenTiles>
OCTET_INLINE void multiply_block(const uint8_t* rows, const uint8_t* tokens, const Decoder& decoder,
                                 Decoding& decoding, Drain& drain, float* sums) {
  constexpr int kTiles = kLoop.row_tiles * kTokenTiles;
  zero_sums<kTiles>();
#pragma GCC unroll 4
  for (int step = 0; step < 4; ++step) {
    multiply_step<kLoop.row_tiles, kTokenTiles>(rows + step * kLoop.row_tiles * kTileBytes,
                                                tokens + step * kTileBytes);
    if (drain.rows_per_step != 0) drain_step(drain, step);
    decode_share<kLoop>(decoder, decoding);
  }
  store_sums<kTiles>(sums);
}

/// Writes the finished results of a panel: transposed, so that a row of d gets 16 or 32 columns.
template <AmxLoop kLoop>
OCTET_INLINE void store_panel(const Task& task, int64_t n, int64_t m, int64_t m_end,
                              const float* results) {
  const __mmask16 low = tail_mask(task.n - n), high = tail_mask(task.n - n - 16);
  for (; m < m_end; m += 16, results += kLoop.row_tiles * 256) {
    __m512i columns[kLoop.row_tiles][16];
    for (int r = 0; r < kLoop.row_tiles; ++r) {
      for (int i = 0; i < 16; ++i) columns[r][i] = _mm512_load_si512(results + r * 256 + i * 16);
      transpose16x16(columns[r]);
    }
    const int64_t valid = smaller(16, m_end - m);
    for (int64_t i = 0; i < valid; ++i) {
      store16(task, m + i, n, _mm512_castsi512_ps(columns[0][i]), low);
      if (kLoop.row_tiles == 2) {
        store16(task, m + i, n + 16, _mm512_castsi512_ps(columns[kLoop.row_tiles - 1][i]), high);
      }
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

/// What is under way between two blocks of 128 of k.
struct Pipeline {
  Decoder decoder;
  Decoding decoding;
  Drain drain;
  int turn;  // which of the two sums is written next
};

template <AmxLoop kLoop>
OCTET_INLINE void multiply_piece(const Task& task, const Pass<kLoop>& pass, const Position& at,
                                 const uint8_t* rows, Pipeline& pipeline) {
  const Tokens tokens = tokens_of(task);
  const int64_t num_kb = smaller(kLoop.piece_kb, tokens.num_kb - at.kb);
  const float* b_scale =
      task.b_scale + at.panel * kLoop.row_tiles * 16 / kScaleBlock * task.b_scale_stride + at.kb;
  for (int64_t tile = pass.tile_begin; tile < pass.tile_end; tile += 2) {
    for (int64_t kb = 0; kb < num_kb; ++kb) {
      const int64_t at_tile = (at.kb + kb) * tokens.num_tiles + tile;
      const uint8_t* b_tiles = tokens.tiles + at_tile * kTokenTileBytes;
      const uint8_t* a_tiles = rows + kb * kLoop.row_tiles * 4 * kTileBytes;
      float* sums = pass.sums(pipeline.turn);
      const int pair = tile + 1 < pass.tile_end ? 2 : 1;
      if (pair == 2) {
        multiply_block<kLoop, 2>(a_tiles, b_tiles, pipeline.decoder, pipeline.decoding,
                                 pipeline.drain, sums);
      } else {
        multiply_block<kLoop, 1>(a_tiles, b_tiles, pipeline.decoder, pipeline.decoding,
                                 pipeline.drain, sums);
      }
      pipeline.turn ^= 1;
      float* results = pass.results(at) + (tile - pass.tile_begin) * kLoop.row_tiles * 256;
      pipeline.drain = {sums,
                        results,
                        tokens.scales + at_tile * 16,
                        b_scale[kb],
                        pair * kLoop.row_tiles * 4,
                        pair,
                        at.kb + kb == 0};
    }
  }
}

template <AmxLoop kLoop>
OCTET_INLINE void run_pass(const Task& task, const Pass<kLoop>& pass) {
  const Panels& panels = pass.panels;
  const int64_t pairs = (pass.tile_end - pass.tile_begin + 1) / 2;
  Position at{pass.panel_begin, 0, pass.panel_begin, 0};
  Pipeline pipeline{load_decoder(*task.codes), {}, {}, 0};
  Decoding first = start_decoding<kLoop>(task, panels, at, 1, pass.slot(0));
  decode_share<kLoop>(pipeline.decoder, first);
  for (int slot = 0;; slot ^= 1) {
    const int64_t num_kb = smaller(kLoop.piece_kb, panels.num_kb - at.kb);
    Position next = at;
    const bool more = advance(panels, kLoop.piece_kb, next);
    pipeline.decoding =
        more ? start_decoding<kLoop>(task, panels, next, static_cast<int>(pairs * num_kb * 4),
                                     pass.slot(slot ^ 1))
             : Decoding{};
    multiply_piece<kLoop>(task, pass, at, pass.slot(slot), pipeline);
    if (at.kb + kLoop.piece_kb >= panels.num_kb) {
      flush(pipeline.drain);
      store_panel<kLoop>(task, at.panel * kLoop.row_tiles * 16, pass.tile_begin * 16,
                         smaller(task.m, pass.tile_end * 16), pass.results(at));
    }
    if (!more) return;
    at = next;
  }
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
