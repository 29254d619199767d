// Few tokens: weights stream once, k along the lanes, R rows of b x M tokens at a time.
//
// Layout     shared: activations (m, k) in the engine's type and decode64's order, then f32 a_scale
//            (m, k/128) or flags. scratch: f32 a_scale * b_scale (tokens, k/128) or folds (rows,
//            k/32), then sums (rows, M) of 16
// Requires   as avx512_block.h; include only from kernel files
// Numerics   sums of 128 of k per lane, times a_scale * b_scale (where scales are not folded),
// added
//            per lane in ascending k; the lanes are added once at the end. The bits depend on no
//            split of the work
// Method     a unit is 16 rows of b (packed: 32) that take turns over chunks of k whose activations
//            stay in L1, while prefetches run ahead in the order of memory
#pragma once

#include "src/cpu/avx512_contract.h"
#include "src/cpu/avx512_engine.h"
#include "src/cpu/avx512_rows.h"

namespace octet::cpu {
namespace {

constexpr int64_t kGemvMaxTokens = Avx512GemvContract::kMaxTokens;
constexpr int64_t kGemvMaxRows = 32;     // of a unit
constexpr int64_t kGemvL1Bytes = 20480;  // of activations that the rows of a unit share in L1
constexpr int64_t kGemvLead = 24576;     // bytes of b on their way

/// A unit's rows of b for a few tokens.
struct GemvPass {
  CodeRows rows;
  int num_rows;
  int64_t num_blocks;   // k / 128
  const uint8_t* a;     // first token
  int64_t a_stride;     // bytes from a token to the next
  const float* scales;  // (tokens, k/128): a_scale * b_scale
  int16_t* folds;       // (rows, fold_stride), four for each 128 of k, of Folding engines
  int64_t fold_stride;
  int64_t tail_left;  // of k in the last block; 128 unless scales are folded
  __m512* sums;       // (rows, tokens)
};

OCTET_INLINE int gemv_rows(const Task& task) { return task.b_packed ? 32 : 16; }

/// Blocks of 128 of k that the rows of a unit go through in turn.
template <class Engine>
OCTET_INLINE int64_t gemv_chunk(const Task& task) {
  if (task.b_packed) return 1;
  const int64_t tokens = task.m < kGemvMaxTokens ? task.m : kGemvMaxTokens;
  const int64_t fits = kGemvL1Bytes / (tokens * kScaleBlock * Engine::kBytes);
  const int64_t most = fits < 40 ? fits : 40, num_kb = k_blocks<Engine>(task);
  const int64_t chunks = (num_kb + most - 1) / most;
  return (num_kb + chunks - 1) / chunks;
}

/// The two of four folds that half `half` of 128 of k takes, as decode64 orders codes.
OCTET_INLINE __m512i half_folds(__m512i four, int half) {
  const __m512i first = _mm512_set1_epi16(static_cast<int16_t>(2 * half));
  return _mm512_permutexvar_epi16(
      _mm512_mask_mov_epi16(first, 0xffff0000,
                            _mm512_set1_epi16(static_cast<int16_t>(2 * half + 1))),
      four);
}

/// 128 of k of R rows, the first of them row r: partial[r][m] += dot products along the lanes.
template <class Engine, int R, int M>
OCTET_INLINE void dot_rows(const GemvPass& pass, const Decoder& decoder, CodeStream& stream,
                           const uint8_t* const (&codes)[R], int row, int64_t kb,
                           __m512 (&partial)[R][M]) {
  const uint8_t* a = pass.a + kb * kScaleBlock * Engine::kBytes;
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half, a += 64 * Engine::kBytes) {
    Bf16x64 pairs[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const uint8_t* from = codes[r] + half * pass.rows.half_step;
      if (half == 0) prefetch_128<_MM_HINT_T0>(stream);
      pairs[r] = decode64_any(decoder, _mm512_loadu_si512(from), pass.rows.fnuz);
      if (Engine::kFolds) {
        long long four;
        __builtin_memcpy(&four, pass.folds + (row + r) * pass.fold_stride + kb * 4, sizeof four);
        const __m512i folds = half_folds(_mm512_set1_epi64(four), half);
        pairs[r] = {fold(pairs[r].first, folds), fold(pairs[r].second, folds)};
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < Engine::kParts; ++i) {
      __m512i b[R];
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) b[r] = Engine::part(pairs[r], i);
#pragma GCC unroll 8
      for (int m = 0; m < M; ++m) {
        const __m512i token = _mm512_load_si512(a + m * pass.a_stride + i * 64);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
          partial[r][m] = Engine::multiply_add(partial[r][m], token, b[r]);
      }
    }
  }
}

/// Blocks kb..kb_end of R rows from row r on, added to their sums.
template <class Engine, int R, int M>
OCTET_INLINE void add_rows(const GemvPass& pass, const Decoder& decoder, CodeStream& stream, int r,
                           int64_t kb, int64_t kb_end) {
  __m512* sums = pass.sums + r * M;
  const uint8_t* codes[R];
  alignas(64) uint8_t tail[R * 128];
  for (int i = 0; i < R; ++i) codes[i] = row_codes(pass.rows, r + i, kb);
  for (; kb < kb_end; ++kb) {
    if (Engine::kFolds && kb + 1 == pass.num_blocks && pass.tail_left < kScaleBlock) {
      for (int i = 0; i < R; ++i) {
        copy_tail(pass.rows, r + i, kb, pass.tail_left, tail + i * 128);
        codes[i] = tail + i * 128;
      }
    }
    __m512 partial[R][M];
    for (int i = 0; i < R * M; ++i) partial[i / M][i % M] = _mm512_setzero_ps();
    dot_rows<Engine, R, M>(pass, decoder, stream, codes, r, kb, partial);
    for (int i = 0; i < R; ++i) codes[i] += pass.rows.block_step;
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
      __m512 scale = _mm512_setzero_ps();
      if (!Engine::kFolds) scale = _mm512_set1_ps(pass.scales[m * pass.num_blocks + kb]);
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) {
        __m512& sum = sums[i * M + m];
        sum = Engine::kFolds ? _mm512_add_ps(partial[i][m], sum)
                             : _mm512_fmadd_ps(partial[i][m], scale, sum);
      }
    }
  }
}

/// A unit's rows x M tokens over all of k.
template <class Engine, int R, int M>
__attribute__((noinline)) void sum_rows(const GemvPass& unit, const Decoder& tables,
                                        CodeStream& stream, int64_t chunk) {
  const Decoder decoder = tables;
  const GemvPass pass = unit;
  CodeStream ahead = stream;
  for (int i = 0; i < pass.num_rows * M; ++i) pass.sums[i] = _mm512_setzero_ps();
  for (int64_t kb = 0; kb < pass.num_blocks; kb += chunk) {
    const int64_t end = kb + chunk < pass.num_blocks ? kb + chunk : pass.num_blocks;
    for (int r = 0; r < pass.num_rows; r += R) {
      add_rows<Engine, R, M>(pass, decoder, ahead, r, kb, end);
    }
  }
  stream = ahead;
}

/// R rows, or two where more would push their sums out of registers.
constexpr int rows_beside(int rows, int tokens, int max_sums) {
  return rows * tokens <= max_sums ? rows : 2;
}

template <class Engine, int R, int M = kGemvMaxTokens>
OCTET_INLINE void sum_tokens(int tokens, const GemvPass& pass, const Decoder& decoder,
                             CodeStream& stream, int64_t chunk) {
  if constexpr (M > 1) {
    if (tokens < M) {
      return sum_tokens<Engine, R, M - 1>(tokens, pass, decoder, stream, chunk);
    }
  }
  sum_rows<Engine, rows_beside(R, M, Engine::kMaxSums), M>(pass, decoder, stream, chunk);
}

OCTET_INLINE void store_tokens(const Task& task, const GemvPass& pass, int64_t n, int64_t m,
                               int tokens) {
  for (int row = 0; row < pass.num_rows; row += 16) {
    const __mmask16 mask = tail_mask(task.n - n - row);
    for (int i = 0; i < tokens; ++i) {
      __m512 rows[16];
      for (int r = 0; r < 16; ++r) rows[r] = pass.sums[(row + r) * tokens + i];
      store16(task, m + i, n + row, reduce_rows16(rows), mask);
    }
  }
}

/// Folds of a row, rounded up to a vector.
OCTET_INLINE int64_t gemv_fold_stride(const Task& task) {
  return (task.k / kMxBlock + 31) / 32 * 32;
}

/// Of scratch, before the sums.
template <class Engine>
OCTET_INLINE int64_t gemv_scales_bytes(const Task& task) {
  if (Engine::kFolds) return gemv_rows(task) * gemv_fold_stride(task) * 2;
  return (kGemvMaxTokens * (task.k / kScaleBlock) * 4 + 63) / 64 * 64;
}

template <class Engine>
int64_t gemv_scratch_bytes(const Task& task) {
  return gemv_scales_bytes<Engine>(task) + kGemvMaxRows * kGemvMaxTokens * 64;
}

template <class Engine>
void gemv_prepare(const Task& task, int64_t begin, int64_t end) {
  const Decoder decoder = load_decoder(*task.codes);
  const int64_t num_kb = k_blocks<Engine>(task);
  const bool fnuz = is_fnuz(*task.codes);
  const Tokens tokens = tokens_of<Engine>(task);
  for (int64_t m = begin; m < end; ++m) {
    const uint8_t* codes = task.a + m * task.a_stride;
    const uint8_t* exponents = task.a_exponent + m * task.a_exponent_stride;
    uint8_t is_outside = 0;
    uint8_t* to = tokens.values + m * num_kb * kScaleBlock * Engine::kBytes;
    for (int64_t k = 0; k < num_kb * kScaleBlock; k += 64) {
      Bf16x64 pairs = decode64_any(decoder, load_codes<Engine>(codes + k, task.k - k), fnuz);
      if (Engine::kFolds) {
        const FoldPair pair = fold_pair(exponents, k / kMxBlock, task.k / kMxBlock, is_outside);
        const __m512i folds = folds_of(pair);
        pairs = {fold(pairs.first, folds), fold(pairs.second, folds)};
      }
      for (int i = 0; i < Engine::kParts; ++i, to += 64) {
        _mm512_store_si512(to, Engine::part(pairs, i));
      }
    }
    if (Engine::kFolds) {
      tokens.special[m] = is_outside != 0 && mx_row_is_special(codes, exponents, task.k);
      continue;
    }
    const float* from = task.a_scale + m * task.a_scale_stride_m;
    for (int64_t kb = 0; kb < num_kb; ++kb) {
      tokens.scales[m * num_kb + kb] = from[kb * task.a_scale_stride_k];
    }
  }
}

int64_t gemv_units(const Task& task) { return (task.n + gemv_rows(task) - 1) / gemv_rows(task); }

/// Scales of tokens m.. for the 128 of n of row n.
OCTET_INLINE void fill_scales(const Task& task, const float* a_scales, int64_t n, int tokens,
                              float* scales) {
  const int64_t num_kb = task.k / kScaleBlock;
  const float* b_scale = task.b_scale + n / kScaleBlock * task.b_scale_stride;
  for (int i = 0; i < tokens; ++i, a_scales += num_kb, scales += num_kb) {
    for (int64_t kb = 0; kb < num_kb; ++kb) scales[kb] = a_scales[kb] * b_scale[kb];
  }
}

/// Folds of the rows of a unit, past the last row those of the last. Returns whether one is
/// outside (avx512_fold.h).
OCTET_INLINE bool fill_folds(const Task& task, const GemvPass& pass, int64_t n) {
  bool is_outside = false;
  for (int64_t r = 0; r < pass.num_rows; ++r) {
    const int64_t row = n + r < task.n ? n + r : task.n - 1;
    is_outside |= expand_folds(task.b_exponent + row * task.b_exponent_stride, task.k / kMxBlock,
                               pass.folds + r * pass.fold_stride);
  }
  return is_outside;
}

/// Brings the exponents of the unit of row n, of which folds are made when it starts. Why: read
/// only then they cost a tenth (Zen 5, one thread, 1 token of 1536 x 6144 experts: 1119 us for
/// 1326).
OCTET_INLINE void prefetch_exponents(const Task& task, int64_t n) {
  const int64_t left = task.n - n, rows = left < gemv_rows(task) ? left : gemv_rows(task);
  for (int64_t r = 0; r < rows; ++r) {
    const uint8_t* row = task.b_exponent + (n + r) * task.b_exponent_stride;
    for (int64_t i = 0; i < task.k / kMxBlock; i += 64) _mm_prefetch(row + i, _MM_HINT_T0);
  }
}

/// The same of the unit that follows `unit`, of this task or of what comes after.
OCTET_INLINE void prefetch_next_exponents(const Task& task, int64_t unit, int64_t end) {
  if (unit + 1 < end) {
    prefetch_exponents(task, (unit + 1) * gemv_rows(task));
  } else if (task.after != nullptr) {
    prefetch_exponents(*task.after, 0);
  }
}

template <class Engine, int R>
void gemv_compute(const Task& task, int64_t begin, int64_t end, uint8_t* scratch) {
  const Decoder decoder = load_decoder(*task.codes);
  const int64_t num_kb = k_blocks<Engine>(task), a_stride = num_kb * kScaleBlock * Engine::kBytes;
  const Tokens a = tokens_of<Engine>(task);
  float* scales = reinterpret_cast<float*>(scratch);
  GemvPass pass;
  pass.num_rows = gemv_rows(task);
  pass.num_blocks = num_kb;
  pass.a_stride = a_stride;
  pass.scales = scales;
  pass.folds = reinterpret_cast<int16_t*>(scratch);
  pass.fold_stride = gemv_fold_stride(task);
  pass.tail_left = task.k - (num_kb - 1) * kScaleBlock;
  pass.sums = reinterpret_cast<__m512*>(scratch + gemv_scales_bytes<Engine>(task));
  const int64_t chunk = gemv_chunk<Engine>(task);
  CodeStream stream = stream_of(task, begin * pass.num_rows, end * pass.num_rows, pass.num_rows,
                                chunk * kScaleBlock);
  stream.after = task.after;
  if (task.after != nullptr) stream.after_chunk = gemv_chunk<Engine>(*task.after) * kScaleBlock;
  begin_stream(stream, kGemvLead, task.b_begun);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t n = unit * pass.num_rows;
    pass.rows = code_rows(task, n);
    if (Engine::kFolds) prefetch_next_exponents(task, unit, end);
    const bool is_outside = Engine::kFolds && fill_folds(task, pass, n);
    for (int64_t m = 0; m < task.m; m += kGemvMaxTokens) {
      const int64_t left = task.m - m;
      const int tokens = static_cast<int>(left < kGemvMaxTokens ? left : kGemvMaxTokens);
      if (!Engine::kFolds) fill_scales(task, a.scales + m * num_kb, n, tokens, scales);
      pass.a = a.values + m * a_stride;
      sum_tokens<Engine, R>(tokens, pass, decoder, stream, chunk);
      store_tokens(task, pass, n, m, tokens);
      if (Engine::kFolds) {
        mx_repair(task, {n, n + pass.num_rows, m, m + tokens}, a.special, is_outside);
      }
    }
  }
}

template <class Engine, int R>
Kernel gemv_kernel() {
  return {tokens_bytes<Engine>, gemv_scratch_bytes<Engine>, tokens_units, gemv_prepare<Engine>,
          gemv_units,           gemv_compute<Engine, R>};
}

}  // namespace
}  // namespace octet::cpu
