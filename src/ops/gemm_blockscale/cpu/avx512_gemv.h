// Few tokens: weights stream once, k along the lanes, R rows of b x M tokens at a time.
//
// Layout     shared: activations (m, k) in the engine's type and decode64's order, then f32 a_scale
//            (m, k/128). scratch: f32 scales (tokens, k/128) of one 128 of n, then 16-lane sums (16, M)
// Requires   as avx512_block.h; include only from kernel files
// Numerics   sums of 128 of k per lane, times a_scale * b_scale, added per lane in ascending k; the 16
//            lanes are added once at the end. The bits depend on no split of the work
// Method     a unit is 16 rows of b; activations are walked in chunks that stay in L1 while the rows
//            take turns, so that they cost no L2 bandwidth beside the weights
#pragma once

#include "src/ops/gemm_blockscale/cpu/avx512_engine.h"
#include "src/ops/gemm_blockscale/cpu/avx512_rows.h"

namespace octet::ops::gemm_blockscale::cpu {
namespace {

constexpr int kGemvRows = 16;           // of a unit
constexpr int64_t kGemvMaxTokens = 8;   // that share one pass over the weights
constexpr int64_t kGemvChunk = 16384;   // bytes of activations that rows share in L1

/// One pass over 16 rows of b for a few tokens.
struct GemvPass {
  CodeRows<kGemvRows> rows;
  const uint8_t* a;      // first token
  int64_t a_stride;      // bytes from a token to the next
  const float* scales;   // (tokens, k/128): a_scale * b_scale
  __m512* sums;          // (16, tokens)
};

/// Blocks kb..kb_end of rows r..r+R, added to their sums.
template <class Engine, int R, int M, int Ahead>
OCTET_INLINE void add_rows(const GemvPass& pass, const Decoder& decoder, int r, int64_t kb,
                           int64_t kb_end) {
  __m512* sums = pass.sums + r * M;
  for (; kb < kb_end; ++kb) {
    const uint8_t* codes = pass.rows.base + kb * pass.rows.block_step;
    const uint8_t* ahead = pass.rows.base + block_at(pass.rows, kb + Ahead);
    const uint8_t* a = pass.a + kb * kScaleBlock * Engine::kBytes;
    __m512 partial[R][M];
    for (int i = 0; i < R * M; ++i) partial[i / M][i % M] = _mm512_setzero_ps();
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half, a += 64 * Engine::kBytes) {
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) {
        const int64_t at = pass.rows.row_at[r + i] + half * pass.rows.half_step;
        if (Ahead > 0) _mm_prefetch(ahead + at, _MM_HINT_T0);
        const auto b = Engine::values(decode64(decoder, _mm512_loadu_si512(codes + at)));
#pragma GCC unroll 8
        for (int m = 0; m < M; ++m) {
          partial[i][m] = Engine::dot(partial[i][m], b, a + m * pass.a_stride);
        }
      }
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
      const __m512 scale = _mm512_set1_ps(pass.scales[m * pass.rows.num_blocks + kb]);
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) {
        sums[i * M + m] = _mm512_fmadd_ps(partial[i][m], scale, sums[i * M + m]);
      }
    }
  }
}

/// 16 rows x M tokens over all of k.
template <class Engine, int R, int M, int Ahead>
__attribute__((noinline)) void sum_rows(const GemvPass& pass, const Decoder& tables, bool packed) {
  const Decoder decoder = tables;
  constexpr int64_t kChunk = kGemvChunk / (M * kScaleBlock * Engine::kBytes);
  const int64_t chunk = packed ? 1 : kChunk;
  for (int i = 0; i < kGemvRows * M; ++i) pass.sums[i] = _mm512_setzero_ps();
  for (int64_t kb = 0; kb < pass.rows.num_blocks; kb += chunk) {
    const int64_t end = kb + chunk < pass.rows.num_blocks ? kb + chunk : pass.rows.num_blocks;
    for (int r = 0; r < kGemvRows; r += R) {
      add_rows<Engine, R, M, Ahead>(pass, decoder, r, kb, end);
    }
  }
}

template <class Engine, int R, int Ahead, int M = kGemvMaxTokens>
OCTET_INLINE void sum_tokens(int tokens, const GemvPass& pass, const Decoder& decoder,
                             bool packed) {
  if constexpr (M > 1) {
    if (tokens < M) return sum_tokens<Engine, R, Ahead, M - 1>(tokens, pass, decoder, packed);
  }
  sum_rows<Engine, (R * M > 16 ? (16 / M < 2 ? 2 : 16 / M >= 4 ? 4 : 2) : R), M, Ahead>(
      pass, decoder, packed);
}

OCTET_INLINE void store_tokens(const Task& task, const GemvPass& pass, int64_t n, int64_t m,
                               int tokens) {
  const __mmask16 mask = tail_mask(task.n - n);
  for (int i = 0; i < tokens; ++i) {
    __m512 rows[kGemvRows];
    for (int r = 0; r < kGemvRows; ++r) rows[r] = pass.sums[r * tokens + i];
    store16(task, m + i, n, reduce_rows16(rows), mask);
  }
}

template <class Engine>
int64_t gemv_shared_bytes(const Task& task) {
  return task.m * task.k * Engine::kBytes + task.m * (task.k / kScaleBlock) * 4;
}

int64_t gemv_scratch_bytes(const Task& task) {
  const int64_t scales = kGemvMaxTokens * (task.k / kScaleBlock) * 4;
  return (scales + 63) / 64 * 64 + kGemvRows * kGemvMaxTokens * 64;
}

int64_t gemv_prepare_units(const Task& task) { return task.m; }  // tokens

template <class Engine>
void gemv_prepare(const Task& task, int64_t begin, int64_t end) {
  const Decoder decoder = load_decoder(*task.codes);
  const int64_t num_kb = task.k / kScaleBlock;
  float* scales = reinterpret_cast<float*>(task.shared + task.m * task.k * Engine::kBytes);
  for (int64_t m = begin; m < end; ++m) {
    const uint8_t* codes = task.a + m * task.a_stride;
    uint8_t* to = task.shared + m * task.k * Engine::kBytes;
    for (int64_t k = 0; k < task.k; k += 64) {
      Engine::store_values(to + k * Engine::kBytes,
                           decode64(decoder, _mm512_loadu_si512(codes + k)));
    }
    const float* from = task.a_scale + m * task.a_scale_stride_m;
    for (int64_t kb = 0; kb < num_kb; ++kb) {
      scales[m * num_kb + kb] = from[kb * task.a_scale_stride_k];
    }
  }
}

int64_t gemv_units(const Task& task) { return (task.n + kGemvRows - 1) / kGemvRows; }

template <class Engine, int R, int Ahead>
void gemv_compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  const Decoder decoder = load_decoder(*task.codes);
  const int64_t num_kb = task.k / kScaleBlock;
  float* scales = reinterpret_cast<float*>(scratch);
  GemvPass pass;
  pass.a_stride = task.k * Engine::kBytes;
  pass.scales = scales;
  pass.sums = reinterpret_cast<__m512*>(scratch + (kGemvMaxTokens * num_kb * 4 + 63) / 64 * 64);
  const float* a_scales = reinterpret_cast<const float*>(task.shared + task.m * pass.a_stride);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t n = unit * kGemvRows;
    pass.rows = code_rows<kGemvRows>(task, n);
    const float* b_scale = task.b_scale + n / kScaleBlock * task.b_scale_stride;
    for (int64_t m = 0; m < task.m; m += kGemvMaxTokens) {
      const int64_t left = task.m - m;
      const int tokens = static_cast<int>(left < kGemvMaxTokens ? left : kGemvMaxTokens);
      for (int64_t i = 0; i < tokens * num_kb; ++i) {
        scales[i] = a_scales[m * num_kb + i] * b_scale[i % num_kb];
      }
      pass.a = task.shared + m * pass.a_stride;
      sum_tokens<Engine, R, Ahead>(tokens, pass, decoder, task.b_packed);
      store_tokens(task, pass, n, m, tokens);
    }
  }
}

template <class Engine, int R, int Ahead>
Kernel gemv_kernel() {
  return {gemv_shared_bytes<Engine>, gemv_scratch_bytes, gemv_prepare_units,
          gemv_prepare<Engine>,      gemv_units,         gemv_compute<Engine, R, Ahead>};
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale::cpu
