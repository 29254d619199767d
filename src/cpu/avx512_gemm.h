// Many tokens: panels of weights are decoded once and reused by every token, rows along the lanes.
//
// Layout     shared: activations (k/128, m, 128) in the engine's type, then f32 a_scale (k/128, m)
//            or flags. scratch: two decoded panels, folds of both, then f32 results (panels,
//            tokens, panel_n)
// Requires   as avx512_block.h; include only from kernel files
// Numerics   sums of 128 of k in registers, then one f32 FMA per 128 of k with a_scale * b_scale
//            (folded scales: one addition), ascending: the bits depend on no split of the work
// Method     a unit is block_n columns x block_m tokens. Per 128 of k and panel: decode into L1,
//            then register tiles of tile_m tokens x panel_n columns over all tokens of the block
#pragma once

#include "src/cpu/avx512_contract.h"
#include "src/cpu/avx512_panel.h"

namespace octet::cpu {
namespace {

using GemmShape = Avx512GemmContract::Config;

template <GemmShape S>
constexpr int kPanels = S.block_n / S.panel_n;  // of a unit

constexpr int64_t kGemmChunk = 10;  // blocks of 128 of k that a row is prefetched for at a time

/// One 128 of k of a panel for the tokens of a register tile.
struct TileWork {
  const uint8_t* a;      // (tokens, 128)
  const uint8_t* panel;  // (steps, panel_n)
  const float* a_scale;  // (tokens)
  float b_scale;
  float* results;  // (tokens, panel_n)
  bool first;      // results have no value yet
};

template <class Engine, int M, int V>
OCTET_INLINE void drain_tile(const TileWork& work, const __m512 (&sums)[M][V]) {
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
    float* results = work.results + m * V * 16;
    __m512 scale = _mm512_setzero_ps();
    if (!Engine::kFolds) scale = _mm512_set1_ps(work.a_scale[m] * work.b_scale);
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const __m512 before = work.first ? _mm512_setzero_ps() : _mm512_load_ps(results + v * 16);
      const __m512 after = Engine::kFolds ? _mm512_add_ps(sums[m][v], before)
                                          : _mm512_fmadd_ps(sums[m][v], scale, before);
      _mm512_store_ps(results + v * 16, after);
    }
  }
}

/// One step of k: a token's value is broadcast against panel_n columns. `Ahead`: the next tile's
/// tokens are prefetched.
template <class Engine, int M, int V, bool Ahead>
OCTET_INLINE void multiply_step(const TileWork& work, int64_t step, __m512 (&sums)[M][V]) {
  constexpr int64_t kTokenBytes = kScaleBlock * Engine::kBytes;
  const uint8_t* a = work.a + step * Engine::kStepBytes;
  const uint8_t* panel = work.panel + step * V * 64;
  if (Ahead) {
    _mm_prefetch(work.a + M * (kTokenBytes + step * kTokenBytes / Engine::kSteps), _MM_HINT_T0);
  }
  __m512i b[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) b[v] = _mm512_load_si512(panel + v * 64);
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
    const __m512i token = _mm512_set1_epi32(*reinterpret_cast<const int*>(a + m * kTokenBytes));
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[m][v] = Engine::multiply_add(sums[m][v], token, b[v]);
  }
}

template <class Engine, int M, int V, bool Overlap, bool Ahead>
__attribute__((noinline)) void multiply_tile(const TileWork& tile, PanelDecode& next) {
  constexpr int kShare = Engine::kSteps / 16;  // steps of a sixteenth of the tile
  const TileWork work = tile;
  const Decoder decoder = next.tables;
  __m512 sums[M][V];
#pragma GCC unroll 64
  for (int i = 0; i < M * V; ++i) sums[i / V][i % V] = _mm512_setzero_ps();
  for (int step = 0; step < Engine::kSteps; step += kShare) {
    if (Overlap && ++next.credit >= next.tiles && next.done < next.total) {
      __m512i quads[4];
      const __m512i folds = piece_folds<Engine>(next);
      uint8_t* to = start_piece<Engine, V * 16>(next, quads);
#pragma GCC unroll 8
      for (int i = 0; i < kShare; ++i) {
        multiply_step<Engine, M, V, Ahead>(work, step + i, sums);
        // Why: stores in a burst hold up the multiplies (16 vdpbf16ps with 4 stores behind them
        // take 12 clocks, with the stores among them 8.5).
        if (i % (kShare / 4) == 0) {
          const int q = i / (kShare / 4);
          decode_quad<Engine, V * 16>(decoder, quads[q], folds, to + q * (kShare / 2) * V * 64);
        }
      }
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < kShare; ++i) multiply_step<Engine, M, V, Ahead>(work, step + i, sums);
    }
  }
  drain_tile<Engine, M, V>(work, sums);
}

template <class Engine, int M, int V, bool Overlap, bool Ahead>
OCTET_INLINE void multiply_tokens(int tokens, const TileWork& work, PanelDecode& next) {
  if constexpr (M > 1) {
    if (tokens < M) return multiply_tokens<Engine, M - 1, V, Overlap, Ahead>(tokens, work, next);
  }
  multiply_tile<Engine, M, V, Overlap, Ahead>(work, next);
}

/// A unit: block_n columns from n x tokens m..m_end.
struct GemmBlock {
  int64_t n, m, m_end;
  int64_t panels_n, num_panels;  // panels along n; with those along k, k is the outer order
  CodeRows rows;
  uint8_t* panel[2];   // taken in turn
  RowFolds* folds[2];  // of their columns, 16 each, for Folding engines
  float* results;      // (panels_n, tokens, panel_n)
};

/// The tokens of a block x panel `i`, and a panel's worth of prefetches.
template <class Engine, GemmShape S>
OCTET_INLINE void multiply_panel(const Task& task, const GemmBlock& block, int64_t i,
                                 CodeStream& stream, PanelDecode& next) {
  const Tokens tokens = tokens_of<Engine>(task);
  const int64_t count = block.m_end - block.m, tiles = (count + S.tile_m - 1) / S.tile_m;
  const int64_t kb = i / block.panels_n, p = i % block.panels_n;
  const int64_t ahead = (S.panel_n + tiles - 1) / tiles;
  TileWork work;
  work.a = tokens.values + (kb * task.m + block.m) * kScaleBlock * Engine::kBytes;
  work.panel = block.panel[i % 2];
  if (!Engine::kFolds) {
    work.a_scale = tokens.scales + kb * task.m + block.m;
    work.b_scale = task.b_scale[(block.n + p * S.panel_n) / kScaleBlock * task.b_scale_stride + kb];
  }
  work.results = block.results + p * count * S.panel_n;
  work.first = kb == 0;
  for (int64_t t = 0; t < tiles; ++t) {
    // Why: tiles of equal height, not full ones and a rest: 16 tokens are 8 + 8, not 12 + 4.
    const int m = static_cast<int>(count / tiles + (t < count % tiles));
    for (int64_t line = 0; line < ahead; ++line) prefetch_128<_MM_HINT_T1>(stream);
    multiply_tokens<Engine, S.tile_m, S.panel_n / 16, S.overlap, S.prefetch>(m, work, next);
    work.a += m * kScaleBlock * Engine::kBytes;
    if (!Engine::kFolds) work.a_scale += m;
    work.results += m * S.panel_n;
  }
}

/// Decodes panel `i`: now, or with `Overlap` by the tiles of the panel before, if that can be.
template <class Engine, int PanelN, bool Overlap>
OCTET_INLINE void start_panel(const Task& task, const GemmBlock& block, int64_t i,
                              PanelDecode& next) {
  next.done = next.total = 0;
  if (i == block.num_panels) return;
  const CodeRows& rows = block.rows;
  const int64_t row = i % block.panels_n * PanelN, kb = i / block.panels_n;
  const int64_t left = Engine::kFolds ? task.k - kb * kScaleBlock : kScaleBlock;
  RowFolds* folds = block.folds[i % 2];
  if (Engine::kFolds) {
    for (int j = 0; j < PanelN / 16; ++j) {
      const int64_t first = block.n + row + 16 * j;
      if (first >= task.n) break;
      next.outside |= expand_row_folds(row_exponents(task, first, kb), folds[j]);
    }
  }
  const bool whole = left >= kScaleBlock && row + PanelN - 1 <= rows.last;
  if (!Overlap || i == 0 || rows.fnuz || !whole) {
    decode_panel<Engine, PanelN>(next.tables, rows, row, kb, left, folds, block.panel[i % 2]);
    return;
  }
  next.folds = folds;
  next.codes = row_codes(rows, row, kb);
  next.panel = block.panel[i % 2];
  next.credit = 0;
  next.total = PanelN / 2;
}

/// All of k of a block. Returns whether an exponent of b is outside (avx512_fold.h).
template <class Engine, GemmShape S>
OCTET_INLINE bool multiply_block(const Task& task, const GemmBlock& block, const Decoder& decoder,
                                 CodeStream& stream) {
  static_assert(!S.overlap || S.panel_n == 32, "16 shares of a tile decode 32 columns");
  PanelDecode next{};
  next.tables = decoder;
  next.row_step = block.rows.row_step;
  next.half_step = block.rows.half_step;
  next.tiles = static_cast<int>((block.m_end - block.m + S.tile_m - 1) / S.tile_m);
  if (S.overlap) start_panel<Engine, S.panel_n, true>(task, block, 0, next);
  for (int64_t i = 0; i < block.num_panels; ++i) {
    start_panel<Engine, S.panel_n, S.overlap>(task, block, i + S.overlap, next);
    multiply_panel<Engine, S>(task, block, i, stream, next);
  }
  return next.outside;
}

template <GemmShape S>
OCTET_INLINE void store_block(const Task& task, const GemmBlock& block) {
  const float* results = block.results;
  for (int64_t p = 0; p < block.panels_n; ++p) {
    for (int64_t m = block.m; m < block.m_end; ++m) {
      for (int v = 0; v < S.panel_n / 16; ++v, results += 16) {
        const int64_t n = block.n + p * S.panel_n + v * 16;
        store16(task, m, n, _mm512_load_ps(results), tail_mask(task.n - n));
      }
    }
  }
}

template <GemmShape S>
OCTET_INLINE int64_t tokens_per_unit(const Task& task) {
  return task.m < S.block_m ? task.m : S.block_m;
}

template <class Engine, GemmShape S>
constexpr int64_t kFoldsBytes = Engine::kFolds ? S.panel_n / 16 * sizeof(RowFolds) : 0;

template <class Engine, GemmShape S>
int64_t gemm_scratch_bytes(const Task& task) {
  return 2 * (S.panel_n * kScaleBlock * Engine::kBytes + kFoldsBytes<Engine, S>)+S.block_n *
         tokens_per_unit<S>(task) * 4;
}

template <class Engine>
void gemm_prepare(const Task& task, int64_t begin, int64_t end) {
  const Decoder decoder = load_decoder(*task.codes);
  const Tokens tokens = tokens_of<Engine>(task);
  // Why: decode64 then leaves k 0..31 in `first` and 32..63 in `second`.
  const __m512i ascending = _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0);
  for (int64_t m = begin; m < end; ++m) {
    const uint8_t* codes = task.a + m * task.a_stride;
    const uint8_t* exponents = task.a_exponent + m * task.a_exponent_stride;
    uint8_t is_outside = 0;
    for (int64_t k = 0; k < k_blocks<Engine>(task) * kScaleBlock; k += 64) {
      const __m512i loaded =
          _mm512_permutexvar_epi64(ascending, load_codes<Engine>(codes + k, task.k - k));
      Bf16x64 pairs = decode64_any(decoder, loaded, is_fnuz(*task.codes));
      if (Engine::kFolds) {
        const FoldPair folds = fold_pair(exponents, k / kMxBlock, task.k / kMxBlock, is_outside);
        pairs = {fold(pairs.first, _mm512_set1_epi16(folds.first)),
                 fold(pairs.second, _mm512_set1_epi16(folds.second))};
      }
      const int64_t at = (k / kScaleBlock * task.m + m) * kScaleBlock + k % kScaleBlock;
      Engine::store_token(tokens.values + at * Engine::kBytes, pairs.first, pairs.second);
    }
    if (Engine::kFolds) {
      tokens.special[m] = is_outside != 0 && mx_row_is_special(codes, exponents, task.k);
      continue;
    }
    const float* scales = task.a_scale + m * task.a_scale_stride_m;
    for (int64_t kb = 0; kb < task.k / kScaleBlock; ++kb) {
      tokens.scales[kb * task.m + m] = scales[kb * task.a_scale_stride_k];
    }
  }
}

template <GemmShape S>
OCTET_INLINE int64_t blocks_of_m(const Task& task) {
  return (task.m + S.block_m - 1) / S.block_m;
}

template <GemmShape S>
OCTET_INLINE int64_t blocks_of_n(const Task& task) {
  constexpr int64_t kBlockN = S.panel_n * kPanels<S>;
  return (task.n + kBlockN - 1) / kBlockN;
}

template <GemmShape S>
int64_t gemm_units(const Task& task) {
  return blocks_of_m<S>(task) * blocks_of_n<S>(task);
}

/// Units of one block of tokens are neighbours, so that its activations stay in the last-level
/// cache.
template <class Engine, GemmShape S>
OCTET_INLINE GemmBlock gemm_block(const Task& task, int64_t unit, uint8_t* scratch) {
  static_assert(S.block_n % S.panel_n == 0);
  constexpr int64_t kPanelBytes = S.panel_n * kScaleBlock * Engine::kBytes;
  const int64_t n_blocks = blocks_of_n<S>(task), m_blocks = blocks_of_m<S>(task);
  const int64_t mb = unit / n_blocks;
  GemmBlock block;
  block.n = unit % n_blocks * S.panel_n * kPanels<S>;
  block.m = task.m * mb / m_blocks;
  block.m_end = task.m * (mb + 1) / m_blocks;
  const int64_t panels = (task.n - block.n + S.panel_n - 1) / S.panel_n;
  block.panels_n = panels < kPanels<S> ? panels : kPanels<S>;
  block.num_panels = block.panels_n * k_blocks<Engine>(task);
  block.rows = code_rows(task, block.n);
  block.panel[0] = scratch;
  block.panel[1] = scratch + kPanelBytes;
  uint8_t* folds = scratch + 2 * kPanelBytes;
  block.folds[0] = reinterpret_cast<RowFolds*>(folds);
  block.folds[1] = reinterpret_cast<RowFolds*>(folds + kFoldsBytes<Engine, S>);
  block.results = reinterpret_cast<float*>(folds + 2 * kFoldsBytes<Engine, S>);
  return block;
}

template <class Engine, GemmShape S>
void gemm_compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  constexpr int64_t kBlockN = S.block_n;
  const Decoder decoder = load_decoder(*task.codes);
  CodeStream stream{};
  for (int64_t unit = begin; unit < end; ++unit) {
    const GemmBlock block = gemm_block<Engine, S>(task, unit, scratch);
    if (unit == begin || block.n == 0) {
      stream = stream_of(task, block.n, block.n + (end - unit) * kBlockN, kBlockN,
                         kGemmChunk * kScaleBlock);
      begin_stream(stream, kBlockN * kGemmChunk * kScaleBlock, false);
    }
    const bool is_outside = multiply_block<Engine, S>(task, block, decoder, stream);
    store_block<S>(task, block);
    if (Engine::kFolds) {
      const MxUnit done{block.n, block.n + kBlockN, block.m, block.m_end};
      mx_repair(task, done, tokens_of<Engine>(task).special, is_outside);
    }
  }
}

template <class Engine, GemmShape S>
Kernel gemm_kernel() {
  return {tokens_bytes<Engine>, gemm_scratch_bytes<Engine, S>, tokens_units, gemm_prepare<Engine>,
          gemm_units<S>,        gemm_compute<Engine, S>};
}

}  // namespace
}  // namespace octet::cpu
