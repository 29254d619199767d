// The walk of the AMX kernels over panels and k: which block comes next, and where its parts are.
//
// Layout     units of compute are (block of tokens, panel of rows), panels fastest
// Requires   amx_block.h; include only from kernel files
// Method     groups of panels take turns, chunk of k by chunk of k, so that the tokens of a chunk
//            stay in L2; inside a piece, kTurnTiles token tiles take one block of k before the next
#pragma once

#include "src/cpu/amx_block.h"

namespace octet::cpu {
namespace {

constexpr int64_t kTurnTiles = 8;  // their results and one block of decoded weights stay in L1

/// Token tiles and panels of one call, and its private memory.
template <AmxLoop kLoop>
struct Pass {
  static constexpr int64_t kSlotBytes = kLoop.row_tiles * kLoop.piece_kb * 4 * kTileBytes;
  static constexpr int64_t kSumsBytes = kLoop.row_tiles * 2 * kTileBytes;
  static constexpr int64_t kFoldsBytes =
      kLoop.scales == Scales::kE8m0Of32 ? kLoop.row_tiles * kLoop.piece_kb * sizeof(RowFolds) : 0;
  static constexpr int64_t kFixedBytes = 2 * kSlotBytes + kSumsBytes + kFoldsBytes;

  int64_t tile_begin, tile_end, panel_begin;
  Panels panels;
  uint8_t* scratch;       // two slots of decoded pieces, sums, folds, results
  int64_t panel_results;  // floats from one panel's results to the next's

  uint8_t* slot(int i) const { return scratch + i * kSlotBytes; }
  float* sums() const { return reinterpret_cast<float*>(scratch + 2 * kSlotBytes); }
  RowFolds* folds() const {
    return reinterpret_cast<RowFolds*>(scratch + 2 * kSlotBytes + kSumsBytes);
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
OCTET_INLINE int64_t pass_bytes(const Task& task) {
  const int64_t tiles = smaller(kLoop.block_tiles, (task.m + 15) / 16);
  if (tiles == 0) return Pass<kLoop>::kFixedBytes;  // m = 0: planned, never run
  const int64_t results = live_panels<kLoop>(k_blocks<kLoop.scales>(task), tiles) * tiles;
  return Pass<kLoop>::kFixedBytes + results * kLoop.row_tiles * kTileBytes;
}

/// Where the same place of the next chunk of k starts, the part of it that this panel prefetches.
template <AmxLoop kLoop>
OCTET_INLINE void aim_prefetch(const Pass<kLoop>& pass, const Tokens& tokens, const Position& at,
                               const uint8_t* b_tiles, Pipeline& pipeline) {
  if (pass.panels.chunk_kb >= tokens.num_kb) return;  // all of k is one chunk
  const int64_t live = smaller(pass.panels.group_size, pass.panels.end - at.group);
  const bool more = at.chunk + pass.panels.chunk_kb < tokens.num_kb;
  const int64_t skip_kb = more ? pass.panels.chunk_kb : -at.chunk;
  pipeline.later_lines = static_cast<int>((32 + live - 1) / live);
  pipeline.later_tokens = b_tiles + skip_kb * tokens.num_tiles * kTokenTileBytes +
                          (at.panel - at.group) * pipeline.later_lines * 4 * 64;
}

/// Brings 32 columns of d of 32 tokens to L2. Why: the stores of the next block miss otherwise
/// (m=512 6144x768, Emerald Rapids, best of a run: 5.63 -> 5.19 ms).
OCTET_INLINE void prefetch_d(const Task& task, int64_t m, int64_t n) {
  const int64_t size = task.output == Output::kF32 ? 4 : 2, end = smaller(m + 32, task.m);
  for (; m < end; ++m) {
    const char* row = static_cast<const char*>(task.d) + (m * task.d_stride + n) * size;
    for (int64_t at = 0; at < 32 * size; at += 64) _mm_prefetch(row + at, _MM_HINT_T1);
  }
}

/// One block: 128 of k of the panel, token tiles `tile` and, if two, the next.
template <AmxLoop kLoop, int kTokenTiles>
OCTET_INLINE void multiply(const Task& task, const Pass<kLoop>& pass, const Position& at,
                           int64_t tile, const uint8_t* rows, Pipeline& pipeline) {
  const Tokens tokens = tokens_of<kLoop.scales>(task);
  const int64_t at_tile = at.kb * tokens.num_tiles + tile, n = at.panel * kLoop.row_tiles * 16;
  const uint8_t* b_tiles = tokens.tiles + at_tile * kTokenTileBytes;
  float* results = pass.results(at) + (tile - pass.tile_begin) * kLoop.row_tiles * 256;
  constexpr int kTiles = kTokenTiles * kLoop.row_tiles;
  const bool last = at.kb + 1 == tokens.num_kb && kTiles == 4;
  if (last) prefetch_d(task, tile * 16, n);
  if constexpr (kHeld<kLoop>) {
    Held& held = pipeline.held;
    if (held.tiles != kTiles) put_back(held);
    float* to = held.tiles == 0 ? pass.sums() : held.results;
    if (held.tiles != 0 && held.results == results) to = nullptr;
    const Exchange exchange{to, at.kb == 0 ? nullptr : results};
    multiply_block<kLoop, kTokenTiles>(task, rows, b_tiles, exchange, pipeline);
    held = {results, kTiles};
    return;
  }
  if (kLoop.chunk_bytes == 0) aim_prefetch(pass, tokens, at, b_tiles, pipeline);
  if (pipeline.drain.tiles != kTiles) flush<kLoop.scales>(task, pipeline.drain);
  multiply_block<kLoop, kTokenTiles>(task, rows, b_tiles, {pass.sums(), nullptr}, pipeline);
  const bool scaled = kLoop.scales == Scales::kF32Of128;
  pipeline.drain = {pass.sums(),
                    results,
                    tokens.scales + at_tile * 16,
                    scaled ? task.b_scale[n / kScaleBlock * task.b_scale_stride + at.kb] : 0.0f,
                    kTiles,
                    kTokenTiles,
                    at.kb == 0,
                    last,
                    tile * 16,
                    n};
}

template <AmxLoop kLoop>
OCTET_INLINE void multiply_piece(const Task& task, const Pass<kLoop>& pass, Position at,
                                 const uint8_t* slot, Pipeline& pipeline) {
  const int64_t kb_begin = at.kb, kb_end = smaller(at.kb + kLoop.piece_kb, pass.panels.num_kb);
  for (int64_t first = pass.tile_begin; first < pass.tile_end; first += kTurnTiles) {
    const int64_t end = smaller(first + kTurnTiles, pass.tile_end);
    for (at.kb = kb_begin; at.kb < kb_end; ++at.kb) {
      const uint8_t* rows = slot + (at.kb - kb_begin) * kLoop.row_tiles * kTokenTileBytes;
      int64_t tile = first;
      for (; tile + 1 < end; tile += 2) multiply<kLoop, 2>(task, pass, at, tile, rows, pipeline);
      if (tile < end) multiply<kLoop, 1>(task, pass, at, tile, rows, pipeline);
    }
  }
}

/// Starts to decode the piece after `at` beside the piece at `at`; false: there is none.
template <AmxLoop kLoop>
OCTET_INLINE bool start_next(const Task& task, const Pass<kLoop>& pass, Position& at, uint8_t* slot,
                             Pipeline& pipeline) {
  const int64_t num_kb = smaller(kLoop.piece_kb, pass.panels.num_kb - at.kb);
  const int64_t pairs = (pass.tile_end - pass.tile_begin + 1) / 2;
  const bool more = advance(pass.panels, kLoop.piece_kb, at);
  const auto steps = static_cast<int>(pairs * num_kb * 4);
  pipeline.decoding =
      more ? start_decoding<kLoop>(task, pass.panels, at, steps, slot, pipeline.folding)
           : Decoding{};
  return more;
}

/// Returns whether an e8m0 scale of the rows of b is outside (avx512_fold.h).
template <AmxLoop kLoop>
OCTET_INLINE bool run_pass(const Task& task, const Pass<kLoop>& pass) {
  const int64_t tiles = pass.tile_end - pass.tile_begin;
  const int64_t finished =  // by finish_step
      kLoop.row_tiles == 2 && !kHeld<kLoop> ? tiles / 2 * 2 : 0;
  Position at{pass.panel_begin, 0, pass.panel_begin, 0};
  Pipeline pipeline{
      load_affine_decoder(*task.codes), {pass.folds(), false}, {}, {}, {}, nullptr, 0};
  pipeline.decoding =
      start_decoding<kLoop>(task, pass.panels, at, 1, pass.slot(0), pipeline.folding);
  decode_share<kLoop>(pipeline.decoder, pipeline.decoding);
  bool more = true;
  for (int slot = 0; more; slot ^= 1) {
    const Position now = at;
    more = start_next(task, pass, at, pass.slot(slot ^ 1), pipeline);
    multiply_piece(task, pass, now, pass.slot(slot), pipeline);
    if (now.kb + kLoop.piece_kb >= pass.panels.num_kb && finished < tiles) {
      finish_block<kLoop>(task, pipeline);
      store_results<kLoop>(task, now.panel * kLoop.row_tiles * 16, pass.tile_begin + finished,
                           pass.tile_end, pass.results(now) + finished * kLoop.row_tiles * 256);
    }
  }
  finish_block<kLoop>(task, pipeline);
  return pipeline.folding.outside;
}

template <AmxLoop kLoop>
OCTET_INLINE int64_t num_panels(const Task& task) {
  return (task.n + kLoop.row_tiles * 16 - 1) / (kLoop.row_tiles * 16);
}

template <AmxLoop kLoop>
OCTET_INLINE int64_t num_units(const Task& task) {  // blocks of tokens x panels
  const int64_t token_tiles = (task.m + 15) / 16;
  return (token_tiles + kLoop.block_tiles - 1) / kLoop.block_tiles * num_panels<kLoop>(task);
}

template <AmxLoop kLoop>
OCTET_INLINE void run_units(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  static constexpr TileConfig kFullTiles = full_tiles();
  const int64_t num_kb = k_blocks<kLoop.scales>(task), token_tiles = (task.m + 15) / 16;
  const int64_t panels = num_panels<kLoop>(task);
  tile_configure(kFullTiles);
  while (begin < end) {
    const int64_t panel = begin % panels, count = smaller(end - begin, panels - panel);
    const int64_t tile = begin / panels * kLoop.block_tiles;
    const int64_t tile_end = smaller(tile + kLoop.block_tiles, token_tiles);
    const int64_t live = live_panels<kLoop>(num_kb, tile_end - tile);
    const int64_t chunk = chunk_kb<kLoop>(tile_end - tile);
    const bool outside = run_pass<kLoop>(task, {tile,
                                                tile_end,
                                                panel,
                                                {panel + count, live, num_kb, chunk},
                                                scratch,
                                                (tile_end - tile) * kLoop.row_tiles * 256});
    if (kLoop.scales == Scales::kE8m0Of32) {
      constexpr int64_t kRows = kLoop.row_tiles * 16;
      const MxUnit done{panel * kRows, (panel + count) * kRows, tile * 16,
                        smaller(tile_end * 16, task.m)};
      mx_repair(task, done, tokens_of<kLoop.scales>(task).special, outside);
    }
    begin += count;
  }
  tile_release();
}

/// The functions of one config.
template <AmxLoop kLoop>
struct AmxKernel {
  static int64_t shared_bytes(const Task& task) { return tokens_bytes<kLoop.scales>(task); }
  static int64_t scratch_bytes(const Task& task) { return pass_bytes<kLoop>(task); }
  static int64_t prepare_units(const Task& task) { return tokens_units<kLoop.scales>(task); }
  static void prepare(const Task& task, int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) prepare_tokens<kLoop.scales>(task, unit);
  }
  static int64_t compute_units(const Task& task) { return num_units<kLoop>(task); }
  static void compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
    run_units<kLoop>(task, begin, end, scratch);
  }
};

template <AmxLoop kLoop>
constexpr Kernel amx_kernel() {
  using K = AmxKernel<kLoop>;
  return {K::shared_bytes, K::scratch_bytes, K::prepare_units,
          K::prepare,      K::compute_units, K::compute};
}

}  // namespace
}  // namespace octet::cpu
