// AMX building blocks: activations as tiles, and the block of 128 of k that all kernels run.
//
// Layout     d^T = b x a^T: rows of weights are the A operand (no interleaving needed), tokens the
//            columns of B. A panel is 16 or 32 rows of b, a piece piece_kb x 128 of k of one panel.
//            `shared`: B tiles (k/128, tokens/16, 4), then f32 scales (k/128, tokens), 0 past m, or
//            flags of tokens where scales are e8m0 (mx.h)
// Requires   amx_tile.h and avx512_fold.h; include only from kernel files
// Numerics   exact products, f32 sums of 128 of k in a tile, then one f32 FMA per 128 of k with
//            a_scale * b_scale (e8m0: folded into both operands, one addition), ascending: the bits
//            depend on no split of the work
// Method     three things run side by side, a slice each per four dot products: the dot products of
//            this block, the scaling of the block before, the decoding of the next piece
#pragma once

#include "src/cpu/amx_rows.h"
#include "src/cpu/amx_tile.h"

namespace octet::cpu {
namespace {

constexpr int64_t kTokenTileBytes = 4 * kTileBytes;  // 16 tokens x 128 of k

struct Tokens {
  int64_t num_kb, num_tiles;
  const uint8_t* tiles;  // (num_kb, num_tiles, 4) tiles
  float* scales;         // (num_kb, num_tiles * 16); none where they are e8m0
  uint8_t* special;      // m flags where they are e8m0
};

template <Scales S>
OCTET_INLINE Tokens tokens_of(const Task& task) {
  const int64_t num_kb = k_blocks<S>(task), num_tiles = (task.m + 15) / 16;
  uint8_t* behind = task.shared + num_kb * num_tiles * kTokenTileBytes;
  return {num_kb, num_tiles, task.shared, reinterpret_cast<float*>(behind), behind};
}

template <Scales S>
OCTET_INLINE int64_t tokens_units(const Task& task) {
  return k_blocks<S>(task) * ((task.m + 15) / 16);
}

template <Scales S>
OCTET_INLINE int64_t tokens_bytes(const Task& task) {
  const int64_t tiles = tokens_units<S>(task) * kTokenTileBytes;
  return tiles + (S == Scales::kE8m0Of32 ? task.m : tokens_units<S>(task) * 64);
}

/// Decodes 64 codes of 16 tokens, `valid` of them there, from token m and k on into two B tiles:
/// row i holds pair i of k of each token.
template <Scales S>
OCTET_INLINE void prepare_half_tile(const Task& task, int64_t m, int64_t valid, int64_t k,
                                    uint8_t* out) {
  const Decoder decoder = load_decoder(*task.codes);
  const bool fnuz = is_fnuz(*task.codes);
  const uint8_t* codes = task.a + m * task.a_stride + k;
  __m512i first[16], second[16];
  for (int i = 0; i < 16; ++i) {
    Bf16x64 values = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    if (i < valid && S == Scales::kE8m0Of32) {
      const uint8_t* exponents = task.a_exponent + (m + i) * task.a_exponent_stride;
      values =
          decode_folded(decoder, codes + i * task.a_stride, exponents + k / kMxBlock, task.k - k);
    } else if (i < valid) {
      values = decode64_any(decoder, _mm512_loadu_si512(codes + i * task.a_stride), fnuz);
    }
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

/// One unit of prepare: 128 of k of 16 tokens, and their scales or, with the first block, flags.
template <Scales S>
OCTET_INLINE void prepare_tokens(const Task& task, int64_t unit) {
  const Tokens tokens = tokens_of<S>(task);
  const int64_t kb = unit / tokens.num_tiles, m = unit % tokens.num_tiles * 16;
  const int64_t valid = task.m - m < 16 ? task.m - m : 16;
  for (int64_t half = 0; half < 2; ++half) {
    prepare_half_tile<S>(task, m, valid, kb * kScaleBlock + half * 64,
                         task.shared + unit * kTokenTileBytes + half * 2 * kTileBytes);
  }
  if (S == Scales::kE8m0Of32) {
    for (int64_t i = m; kb == 0 && i < m + valid; ++i) {
      tokens.special[i] = mx_token_is_special(task, i);
    }
    return;
  }
  float* scales = tokens.scales + unit * 16;
  const float* from = task.a_scale + m * task.a_scale_stride_m + kb * task.a_scale_stride_k;
  for (int64_t i = 0; i < 16; ++i) scales[i] = i < valid ? from[i * task.a_scale_stride_m] : 0.0f;
}

/// e8m0: nothing is left to scale, so that results stay in the C tiles from block to block or come
/// back to them. Not in x86_amx_block: there they are finished beside the dot products.
template <AmxLoop kLoop>
constexpr bool kHeld = kLoop.scales == Scales::kE8m0Of32&& kLoop.chunk_bytes != 0;

/// The results that are in the C tiles.
struct Held {
  float* results;
  int tiles;  // 0: none
};

/// What scales a block of 128 of k whose sums are still in the C tiles or in `sums`.
struct Drain {
  float* sums;     // (token_tiles, rows, 16 tokens)
  float* results;  // the same layout
  const float* scales;
  float b_scale;
  int tiles, token_tiles;  // C tiles: 4, 2, 1; 0: nothing is pending
  bool first;              // results have no value yet
  bool last;               // write d at m, n instead of results: 2x2 tiles only
  int64_t m, n;
};

template <Scales S>
OCTET_INLINE __m512 drain_scale(const Drain& drain, int step) {
  if (S == Scales::kE8m0Of32) return _mm512_setzero_ps();
  const __m512 a_scale = _mm512_load_ps(drain.scales + step * drain.token_tiles / 4 * 16);
  return _mm512_mul_ps(a_scale, _mm512_set1_ps(drain.b_scale));
}

template <Scales S>
OCTET_INLINE __m512 drain_row(const Drain& drain, int row, __m512 scale) {
  const __m512 before =
      drain.first ? _mm512_setzero_ps() : _mm512_load_ps(drain.results + row * 16);
  const __m512 sums = _mm512_load_ps(drain.sums + row * 16);
  return S == Scales::kE8m0Of32 ? _mm512_add_ps(sums, before)
                                : _mm512_fmadd_ps(sums, scale, before);
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
template <Scales S>
__attribute__((noinline)) void finish_step(const Task& task, Drain drain, int step) {
  const __m512 scale = drain_scale<S>(drain, step);
  __m512i rows[16];
  for (int i = 0; i < 16; ++i) {
    rows[i] = _mm512_castps_si512(drain_row<S>(drain, step * 16 + i, scale));
  }
  store_tile(task, drain.m + step / 2 * 16, drain.n + step % 2 * 16, rows);
}

template <Scales S>
OCTET_INLINE void drain_step(const Task& task, const Drain& drain, int step) {
  if (drain.last) return finish_step<S>(task, drain, step);
  const __m512 scale = drain_scale<S>(drain, step);
  const int end = (step + 1) * drain.tiles * 4;
  for (int row = step * drain.tiles * 4; row < end; row += 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      _mm512_store_ps(drain.results + (row + i) * 16, drain_row<S>(drain, row + i, scale));
    }
  }
}

template <int kTile>
OCTET_INLINE void store_sums(float* sums, int tiles) {
  if (kTile < tiles) tile_store<kTile>(sums + kTile * 256);
}

OCTET_INLINE void store_all_sums(float* sums, int tiles) {
  store_sums<0>(sums, tiles);
  store_sums<1>(sums, tiles);
  store_sums<2>(sums, tiles);
  store_sums<3>(sums, tiles);
}

template <Scales S>
OCTET_INLINE void flush(const Task& task, Drain& drain) {
  store_all_sums(drain.sums, drain.tiles);
  if (drain.tiles != 0) {
    for (int step = 0; step < 4; ++step) drain_step<S>(task, drain, step);
  }
  drain.tiles = 0;
}

OCTET_INLINE void put_back(Held& held) {
  store_all_sums(held.results, held.tiles);
  held.tiles = 0;
}

/// Where the sums in the C tiles go at the start of a block, and what takes their place.
struct Exchange {
  float* to;          // null: they stay, and the block is added to them
  const float* from;  // null: zero
};

/// C tile `kC` += A x B. In the first step the tile still holds the sums of the block before: they
/// move to memory here, tile by tile. Why: four stores at the end of a block stall the dot products
/// of the next; here the first of them wait for one store (m=512 5120x5120, Emerald Rapids: 25.7
/// -> 23.6 ms).
template <AmxLoop kLoop, bool kFirst, int kC, int kA, int kB>
OCTET_INLINE void dot_step(const Exchange& exchange) {
  if (kFirst && (!kHeld<kLoop> || exchange.to != nullptr)) {
    tile_store<kC>(exchange.to + kC * 256);
    if (kHeld<kLoop> && exchange.from != nullptr) {
      tile_load<kC>(exchange.from + kC * 256);
    } else {
      tile_zero<kC>();
    }
  }
  tile_dot_bf16<kC, kA, kB>();
}

/// 32 of k: C tile t * kRowTiles + r += rows r x tokens t.
/// Why tokens are loaded "once": they stream from L2 past L1 (same case: 30.4 -> 25.3 ms).
template <AmxLoop kLoop, int kTokenTiles, bool kFirst>
OCTET_INLINE void multiply_step(const uint8_t* rows, const uint8_t* tokens,
                                const Exchange& exchange) {
  constexpr int kRowTiles = kLoop.row_tiles;
  tile_load_once<6>(tokens);
  tile_load<4>(rows);
  dot_step<kLoop, kFirst, 0, 4, 6>(exchange);
  if constexpr (kRowTiles == 2) {
    tile_load<5>(rows + kTileBytes);
    dot_step<kLoop, kFirst, 1, 5, 6>(exchange);
  }
  if constexpr (kTokenTiles == 2) {
    tile_load_once<7>(tokens + kTokenTileBytes);
    dot_step<kLoop, kFirst, kRowTiles, 4, 7>(exchange);
    if constexpr (kRowTiles == 2) dot_step<kLoop, kFirst, 3, 5, 7>(exchange);
  }
}

/// What is under way between two blocks of 128 of k.
struct Pipeline {
  AffineDecoder decoder;
  FoldRoom folding;
  Decoding decoding;
  Drain drain;
  Held held;
  const uint8_t* later_tokens;  // to prefetch into L2, or null
  int later_lines;              // of 64 bytes, per step
};

OCTET_INLINE void prefetch_tokens(Pipeline& pipeline) {
  for (int i = 0; i < pipeline.later_lines; ++i, pipeline.later_tokens += 64) {
    _mm_prefetch(pipeline.later_tokens, _MM_HINT_T1);
  }
}

/// What runs beside the dot products of one step.
template <AmxLoop kLoop>
OCTET_INLINE void side_step(const Task& task, Pipeline& pipeline, int step) {
  if (!kHeld<kLoop> && pipeline.drain.tiles != 0)
    drain_step<kLoop.scales>(task, pipeline.drain, step);
  decode_share<kLoop>(pipeline.decoder, pipeline.decoding);
  if (kLoop.chunk_bytes == 0) prefetch_tokens(pipeline);
}

/// Brings to memory what the last block left in the C tiles.
template <AmxLoop kLoop>
OCTET_INLINE void finish_block(const Task& task, Pipeline& pipeline) {
  if constexpr (kHeld<kLoop>) {
    put_back(pipeline.held);
  } else {
    flush<kLoop.scales>(task, pipeline.drain);
  }
}

/// 128 of k of one panel and one or two token tiles; the pending drain has tiles of the same shape.
template <AmxLoop kLoop, int kTokenTiles>
OCTET_INLINE void multiply_block(const Task& task, const uint8_t* rows, const uint8_t* tokens,
                                 const Exchange& exchange, Pipeline& pipeline) {
  constexpr int kRowTiles = kLoop.row_tiles;
  multiply_step<kLoop, kTokenTiles, true>(rows, tokens, exchange);
  side_step<kLoop>(task, pipeline, 0);
#pragma GCC unroll 3
  for (int step = 1; step < 4; ++step) {
    multiply_step<kLoop, kTokenTiles, false>(rows + step * kRowTiles * kTileBytes,
                                             tokens + step * kTileBytes, exchange);
    side_step<kLoop>(task, pipeline, step);
  }
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

}  // namespace
}  // namespace octet::cpu
