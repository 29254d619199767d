// Many tokens: panels of weights are decoded once and reused by every token, rows along the lanes.
//
// Layout     shared: activations (k/128, m, 128) in the engine's type, then f32 a_scale (k/128, m).
//            scratch: one decoded panel (steps of k, panel_n), then f32 results (panels, tokens, panel_n)
// Requires   as avx512_block.h; include only from kernel files
// Numerics   sums of 128 of k in registers, then one f32 FMA per 128 of k with a_scale * b_scale,
//            ascending: the bits depend on no split of the work
// Method     a unit is block_n columns x block_m tokens. Per 128 of k and panel: decode into L1, then
//            register tiles of tile_m tokens x panel_n columns over all tokens of the block
#pragma once

#include "src/ops/gemm_blockscale/cpu/avx512_engine.h"
#include "src/ops/gemm_blockscale/cpu/avx512_rows.h"

namespace octet::ops::gemm_blockscale::cpu {
namespace {

struct GemmShape {
  int tile_m;           // tokens of a register tile
  int panel_n;          // columns of a register tile and a panel: 16, 32 or 64
  int panels;           // of a unit
  int block_m;          // tokens of a unit, at most
  int prefetch_blocks;  // blocks of 128 of k between prefetch and use
};

/// Activations as prepare leaves them.
struct GemmTokens {
  uint8_t* values;  // (k/128, m, 128)
  float* scales;    // (k/128, m)
};

template <class Engine>
OCTET_INLINE GemmTokens gemm_tokens(const Task& task) {
  return {task.shared,
          reinterpret_cast<float*>(task.shared + task.m * task.k * Engine::kBytes)};
}

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
    const __m512 scale = _mm512_set1_ps(work.a_scale[m] * work.b_scale);
    float* results = work.results + m * V * 16;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const __m512 before = work.first ? _mm512_setzero_ps() : _mm512_load_ps(results + v * 16);
      _mm512_store_ps(results + v * 16, _mm512_fmadd_ps(sums[m][v], scale, before));
    }
  }
}

template <class Engine, int M, int V>
__attribute__((noinline)) void multiply_tile(const TileWork& work) {
  constexpr int64_t kTokenBytes = kScaleBlock * Engine::kBytes;
  __m512 sums[M][V];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[m][v] = _mm512_setzero_ps();
  }
  const uint8_t* a = work.a;
  const uint8_t* panel = work.panel;
#pragma GCC unroll 4
  for (int step = 0; step < Engine::kSteps; ++step, a += Engine::kStepBytes, panel += V * 64) {
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
  drain_tile<Engine, M, V>(work, sums);
}

template <class Engine, int M, int V>
OCTET_INLINE void multiply_tokens(int tokens, const TileWork& work) {
  if constexpr (M > 1) {
    if (tokens < M) return multiply_tokens<Engine, M - 1, V>(tokens, work);
  }
  multiply_tile<Engine, M, V>(work);
}

/// Decodes 128 of k of a panel to (steps, panel_n).
template <class Engine, int PanelN>
__attribute__((noinline)) void decode_panel(const Decoder& tables, const CodeRows<PanelN>& rows,
                                            int64_t kb, uint8_t* panel) {
  constexpr int64_t kStep = PanelN * 4;  // bytes
  const Decoder decoder = tables;
  for (int half = 0; half < 2; ++half) {
    const uint8_t* codes = rows.base + kb * rows.block_step + half * rows.half_step;
    for (int n = 0; n < PanelN; n += 16) {
      __m512i quads[16];
#pragma GCC unroll 16
      for (int r = 0; r < 16; ++r) quads[r] = _mm512_loadu_si512(codes + rows.row_at[n + r]);
      transpose_codes16(quads);
      uint8_t* to = panel + half * Engine::kSteps / 2 * kStep + n * 4;
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i, to += Engine::kSteps / 32 * kStep) {
        const Bf16x64 pairs = decode64(decoder, quads[i]);
        Engine::store_pair(to, kStep, pairs.first);
        Engine::store_pair(to + Engine::kSteps / 64 * kStep, kStep, pairs.second);
      }
    }
  }
}

/// Lines of a later block of a panel's rows, fetched a few at a time between register tiles.
template <int PanelN>
struct Prefetch {
  const CodeRows<PanelN>& rows;
  const uint8_t* codes;
  int next;
};

template <int PanelN>
OCTET_INLINE void prefetch_lines(Prefetch<PanelN>& ahead, int count) {
  const int end = ahead.next + count < 2 * PanelN ? ahead.next + count : 2 * PanelN;
  for (; ahead.next < end; ++ahead.next) {
    const int64_t at =
        ahead.rows.row_at[ahead.next / 2] + ahead.next % 2 * ahead.rows.half_step;
    _mm_prefetch(ahead.codes + at, _MM_HINT_T0);
  }
}

/// A unit: block_n columns from n x tokens m..m_end.
template <int PanelN, int Panels>
struct GemmBlock {
  int64_t n, m, m_end;
  int num_panels;
  CodeRows<PanelN> rows[Panels];
  uint8_t* panel;
  float* results;  // (panels, tokens, panel_n)
};

template <class Engine, GemmShape S>
OCTET_INLINE void multiply_panel(const Task& task, const GemmBlock<S.panel_n, S.panels>& block,
                                 int64_t kb, int p) {
  const GemmTokens tokens = gemm_tokens<Engine>(task);
  const int64_t count = block.m_end - block.m, tiles = (count + S.tile_m - 1) / S.tile_m;
  const int64_t n_block = (block.n + p * S.panel_n) / kScaleBlock;
  const CodeRows<S.panel_n>& rows = block.rows[p];
  Prefetch<S.panel_n> ahead{rows, rows.base + block_at(rows, kb + S.prefetch_blocks), 0};
  const int lines = static_cast<int>((2 * S.panel_n + tiles - 1) / tiles);
  TileWork work;
  work.a = tokens.values + (kb * task.m + block.m) * kScaleBlock * Engine::kBytes;
  work.a_scale = tokens.scales + kb * task.m + block.m;
  work.panel = block.panel;
  work.b_scale = task.b_scale[n_block * task.b_scale_stride + kb];
  work.results = block.results + p * count * S.panel_n;
  work.first = kb == 0;
  for (int64_t t = 0; t < tiles; ++t) {
    // Why: tiles of equal height, not full ones and a rest: 16 tokens are 8 + 8, not 12 + 4.
    const int m = static_cast<int>(count / tiles + (t < count % tiles));
    prefetch_lines(ahead, lines);
    multiply_tokens<Engine, S.tile_m, S.panel_n / 16>(m, work);
    work.a += m * kScaleBlock * Engine::kBytes;
    work.a_scale += m;
    work.results += m * S.panel_n;
  }
}

template <GemmShape S>
OCTET_INLINE void store_block(const Task& task, const GemmBlock<S.panel_n, S.panels>& block) {
  const float* results = block.results;
  for (int p = 0; p < block.num_panels; ++p) {
    for (int64_t m = block.m; m < block.m_end; ++m) {
      for (int v = 0; v < S.panel_n / 16; ++v, results += 16) {
        const int64_t n = block.n + p * S.panel_n + v * 16;
        store16(task, m, n, _mm512_load_ps(results), tail_mask(task.n - n));
      }
    }
  }
}

template <class Engine>
int64_t gemm_shared_bytes(const Task& task) {
  return task.m * task.k * Engine::kBytes + task.k / kScaleBlock * task.m * 4;
}

template <GemmShape S>
OCTET_INLINE int64_t tokens_per_unit(const Task& task) {
  return task.m < S.block_m ? task.m : S.block_m;
}

template <class Engine, GemmShape S>
int64_t gemm_scratch_bytes(const Task& task) {
  return S.panel_n * kScaleBlock * Engine::kBytes +
         S.panels * S.panel_n * tokens_per_unit<S>(task) * 4;
}

int64_t gemm_prepare_units(const Task& task) { return task.m; }  // tokens

template <class Engine>
void gemm_prepare(const Task& task, int64_t begin, int64_t end) {
  const Decoder decoder = load_decoder(*task.codes);
  const GemmTokens tokens = gemm_tokens<Engine>(task);
  // Why: decode64 then leaves k 0..31 in `first` and 32..63 in `second`.
  const __m512i ascending = _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0);
  for (int64_t m = begin; m < end; ++m) {
    const uint8_t* codes = task.a + m * task.a_stride;
    for (int64_t k = 0; k < task.k; k += 64) {
      const Bf16x64 pairs = decode64(
          decoder, _mm512_permutexvar_epi64(ascending, _mm512_loadu_si512(codes + k)));
      const int64_t at = (k / kScaleBlock * task.m + m) * kScaleBlock + k % kScaleBlock;
      Engine::store_token(tokens.values + at * Engine::kBytes, pairs.first, pairs.second);
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
int64_t gemm_units(const Task& task) {
  constexpr int64_t kBlockN = S.panel_n * S.panels;
  return (task.n + kBlockN - 1) / kBlockN * blocks_of_m<S>(task);
}

/// Units of one block of n are neighbours, so its weights come from cache for all but the first.
template <class Engine, GemmShape S>
OCTET_INLINE GemmBlock<S.panel_n, S.panels> gemm_block(const Task& task, int64_t unit,
                                                       uint8_t* scratch) {
  const int64_t m_blocks = blocks_of_m<S>(task), mb = unit % m_blocks;
  GemmBlock<S.panel_n, S.panels> block;
  block.n = unit / m_blocks * S.panel_n * S.panels;
  block.m = task.m * mb / m_blocks;
  block.m_end = task.m * (mb + 1) / m_blocks;
  block.panel = scratch;
  block.results =
      reinterpret_cast<float*>(scratch + S.panel_n * kScaleBlock * Engine::kBytes);
  block.num_panels = 0;
  for (int64_t n = block.n; n < task.n && block.num_panels < S.panels; n += S.panel_n) {
    block.rows[block.num_panels++] = code_rows<S.panel_n>(task, n);
  }
  return block;
}

template <class Engine, GemmShape S>
void gemm_compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  const Decoder decoder = load_decoder(*task.codes);
  for (int64_t unit = begin; unit < end; ++unit) {
    const auto block = gemm_block<Engine, S>(task, unit, scratch);
    for (int64_t kb = 0; kb < task.k / kScaleBlock; ++kb) {
      for (int p = 0; p < block.num_panels; ++p) {
        decode_panel<Engine, S.panel_n>(decoder, block.rows[p], kb, block.panel);
        multiply_panel<Engine, S>(task, block, kb, p);
      }
    }
    store_block<S>(task, block);
  }
}

template <class Engine, GemmShape S>
Kernel gemm_kernel() {
  return {gemm_shared_bytes<Engine>, gemm_scratch_bytes<Engine, S>, gemm_prepare_units,
          gemm_prepare<Engine>,      gemm_units<S>,                 gemm_compute<Engine, S>};
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale::cpu
