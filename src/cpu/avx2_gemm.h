// Matrix times many vectors on AVX2: decoded weight panels, 6 x 16 register tiles.
//
// Layout     shared: activations (tile, k/128, 128, 6) in f32, then flags of tokens where scales
// are
//            e8m0. scratch: panels (block_n/16, 128, 16), then sums (block_m, block_n)
// Requires   as avx2_block.h; include only from kernel files
// Numerics   exact products in f32, 128 of k summed in ascending order, scaled once (e8m0: both
//            operands before they are multiplied), then added in ascending order of blocks
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "src/cpu/avx2_block.h"
#include "src/cpu/scaled_rows.h"

namespace octet::cpu::avx2_gemm {
namespace {

constexpr int kTileM = 6;   // rows of a in registers: 12 of 16 registers are sums
constexpr int kTileN = 16;  // rows of b in registers
constexpr int64_t kTileBlock = kScaleBlock * kTileM;   // floats of a tile of a, 128 of k
constexpr int64_t kPanelBlock = kScaleBlock * kTileN;  // floats of a panel of b, 128 of k

/// Rows of a go to tiles of at most 6 evenly (8 rows: 4 + 4), since short tiles leave the FMA units
/// idle.
OCTET_INLINE int64_t num_tiles(const Task& t) { return (t.m + kTileM - 1) / kTileM; }
OCTET_INLINE int64_t tile_begin(const Task& t, int64_t tile) { return tile * t.m / num_tiles(t); }

// 1. Decode activations: (tile, k/128, 128, 6) exact values times f16_scale.

template <Scales S>
void prepare(const Task& t, int64_t begin, int64_t end) {  // unit: 128 of k of one tile
  const int64_t num_kb = k_blocks<S>(t);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t tile = unit / num_kb, kb = unit % num_kb;
    const int64_t m = tile_begin(t, tile), rows = tile_begin(t, tile + 1) - m;
    float* out = reinterpret_cast<float*>(t.shared) + unit * kTileBlock;
    for (int64_t r = 0; r < rows; ++r) {
      const TokenBlock<S> from(t, m + r, kb, t.codes->f16_scale);
      mark_token<S>(t, m + r, kb, num_tiles(t) * kTileM);
      for (int64_t k = 0; k < kScaleBlock; ++k) {
        out[k * kTileM + r] = t.codes->f32[from.codes[k]] * from.factor[k / 32];
      }
    }
  }
}

// 2. Decode a panel of b: 16 rows x 128 of k to [k][16] f32.

/// 16 rows x 32 of k: afterwards rows[i] holds, per 128-bit lane, the 16 codes of k = i and of 16 +
/// i.
OCTET_INLINE void transpose_bytes(__m256i* rows) {
  __m256i other[16];
#pragma GCC unroll 4
  for (int round = 0; round < 4; ++round) {
    __m256i* from = round % 2 == 0 ? rows : other;
    __m256i* to = round % 2 == 0 ? other : rows;
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {  // a perfect shuffle of 256 bytes; four of them transpose 16 x 16
      to[2 * i] = _mm256_unpacklo_epi8(from[i], from[i + 8]);
      to[2 * i + 1] = _mm256_unpackhi_epi8(from[i], from[i + 8]);
    }
  }
}

/// The scales of 16 rows of b for 32 of k.
struct ColumnScales {
  __m256 left, right;
};

/// One vector of transpose_bytes() to rows k and k + 16 of the panel.
template <Scales S>
OCTET_INLINE void decode_columns(__m256i codes, const ColumnScales& scales, float* panel) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i keep = _mm256_set1_epi16(static_cast<int16_t>(0xbfff));
  const __m256i low = _mm256_srai_epi16(_mm256_unpacklo_epi8(zero, codes), 1);
  const __m256i high = _mm256_srai_epi16(_mm256_unpackhi_epi8(zero, codes), 1);
  const __m256i left = _mm256_and_si256(low, keep), right = _mm256_and_si256(high, keep);
  const auto scaled = [](__m256 values, __m256 scale) __attribute__((always_inline)) {
    return S == Scales::kF32Of128 ? values : _mm256_mul_ps(values, scale);
  };
  _mm256_store_ps(panel, scaled(low_f32(left), scales.left));
  _mm256_store_ps(panel + 8, scaled(low_f32(right), scales.right));
  _mm256_store_ps(panel + 16 * kTileN, scaled(high_f32(left), scales.left));
  _mm256_store_ps(panel + 16 * kTileN + 8, scaled(high_f32(right), scales.right));
}

OCTET_INLINE void poison_nan_rows(const Task& t, const uint8_t* const* rows, int64_t half_stride,
                                  float* panel) {
  for (int r = 0; r < kTileN; ++r) {
    for (int64_t k = 0; k < kScaleBlock; ++k) {
      const uint8_t code = rows[r][k / 64 * half_stride + k % 64];
      if (is_nan_code(*t.codes, code)) panel[k * kTileN + r] = __builtin_nanf("");
    }
  }
}

/// The scales of step `step` of a panel, from a row of floats each.
template <Scales S>
OCTET_INLINE ColumnScales column_scales(const float* scales, int64_t stride, int64_t at) {
  if (S == Scales::kF32Of128) return {_mm256_setzero_ps(), _mm256_setzero_ps()};
  alignas(32) float columns[kTileN];
  for (int r = 0; r < kTileN; ++r) columns[r] = scales[r * stride + at];
  return {_mm256_load_ps(columns), _mm256_load_ps(columns + 8)};
}

/// Rows of a panel for block kb; past the last row of b the last row again, never stored.
struct PanelRows {
  const uint8_t* rows[kTileN];
  int64_t half_stride, ahead;
};

template <Scales S, bool kFnuz>
void decode_rows(const Task& t, const PanelRows& from, const float* scales, int64_t kb,
                 float* panel) {
  NanScan<kFnuz> nan{_mm256_setzero_si256()};
  for (int step = 0; step < 4; ++step) {
    __m256i codes[kTileN];
    const int64_t at = step / 2 * from.half_stride + step % 2 * 32;
#pragma GCC unroll 16
    for (int r = 0; r < kTileN; ++r) {
      if (step % 2 == 0) {
        _mm_prefetch(reinterpret_cast<const char*>(from.rows[r] + at + from.ahead), _MM_HINT_T0);
      }
      codes[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from.rows[r] + at));
      nan.add(codes[r]);
    }
    transpose_bytes(codes);
    const ColumnScales columns = column_scales<S>(scales, k_blocks<S>(t) * 4, kb * 4 + step);
#pragma GCC unroll 16
    for (int i = 0; i < kTileN; ++i) {
      decode_columns<S>(codes[i], columns, panel + (step * 32 + i) * kTileN);
    }
  }
  if (nan.any()) poison_nan_rows(t, from.rows, from.half_stride, panel);
}

/// `scales`: e8m0, a row of floats for each of the 16.
template <Scales S, bool kFnuz>
void decode_panel(const Task& t, int64_t n, int64_t kb, const float* scales, float* panel) {
  const Weights b = weights_from(t, n);
  const int64_t last = t.b_packed || t.n - n >= kTileN ? kTileN - 1 : t.n - n - 1;
  PanelRows from;
  from.half_stride = b.half_stride;
  from.ahead = (kb + 1 < t.k / kScaleBlock ? 1 : -kb) * b.block_stride;
  for (int r = 0; r < kTileN; ++r) from.rows[r] = b.at(r < last ? r : last, kb);
  const int64_t left = t.k - kb * kScaleBlock;
  uint8_t copy[S == Scales::kE8m0Of32 ? kTileN * kScaleBlock : 1];
  if (S == Scales::kE8m0Of32 && left < kScaleBlock) {
    for (int r = 0; r < kTileN; ++r) {
      mx_copy_tail(from.rows[r], left, copy + r * kScaleBlock);
      from.rows[r] = copy + r * kScaleBlock;
    }
    from.ahead = 0;
  }
  decode_rows<S, kFnuz>(t, from, scales, kb, panel);
}

// 3. One register tile: kRows x 16 over 128 of k, scaled into the sums of the unit.

template <Scales S, int kRows>
OCTET_INLINE void multiply_tile(const float* a, const float* panel, const float* scales,
                                float* sums, int64_t sums_stride) {
  __m256 left[kRows], right[kRows];
  for (int r = 0; r < kRows; ++r) left[r] = right[r] = _mm256_setzero_ps();
#pragma GCC unroll 4
  for (int64_t k = 0; k < kScaleBlock; ++k) {
    const __m256 b0 = _mm256_load_ps(panel + k * kTileN);
    const __m256 b1 = _mm256_load_ps(panel + k * kTileN + 8);
    for (int r = 0; r < kRows; ++r) {
      const __m256 x = _mm256_broadcast_ss(a + k * kTileM + r);
      left[r] = _mm256_fmadd_ps(x, b0, left[r]);
      right[r] = _mm256_fmadd_ps(x, b1, right[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    float* sum = sums + r * sums_stride;
    if (S == Scales::kF32Of128) {
      const __m256 scale = _mm256_broadcast_ss(scales + r);
      _mm256_store_ps(sum, _mm256_fmadd_ps(left[r], scale, _mm256_load_ps(sum)));
      _mm256_store_ps(sum + 8, _mm256_fmadd_ps(right[r], scale, _mm256_load_ps(sum + 8)));
    } else {
      _mm256_store_ps(sum, _mm256_add_ps(left[r], _mm256_load_ps(sum)));
      _mm256_store_ps(sum + 8, _mm256_add_ps(right[r], _mm256_load_ps(sum + 8)));
    }
  }
}

template <Scales S, int kRows>
void multiply_panels(const float* a, const float* panels, int num_panels, const float* scales,
                     float* sums, int64_t sums_stride) {
  for (int p = 0; p < num_panels; ++p) {
    multiply_tile<S, kRows>(a, panels + p * kPanelBlock, scales, sums + p * kTileN, sums_stride);
  }
}

using MultiplyPanels = void (*)(const float*, const float*, int, const float*, float*, int64_t);
template <Scales S>
constexpr MultiplyPanels kMultiplyPanels[kTileM + 1] = {nullptr,
                                                        multiply_panels<S, 1>,
                                                        multiply_panels<S, 2>,
                                                        multiply_panels<S, 3>,
                                                        multiply_panels<S, 4>,
                                                        multiply_panels<S, 5>,
                                                        multiply_panels<S, 6>};

// 4. One unit: block_m x block_n of d.

struct Unit {
  int64_t tile_begin, tile_end;  // of rows of a
  int64_t n;
  int num_panels;
  const float* scales;  // scratch: (block_n, k/128, 4), e8m0
  float* panels;        // scratch: (num_panels, 128, 16)
  float* sums;          // scratch: (rows, block_n)
  int64_t sums_stride;
};

template <Scales S>
void decode_panels(const Task& t, const Unit& unit, int64_t kb) {
  const bool fnuz = S == Scales::kF32Of128 && t.codes->nan_magnitude == 0;
  for (int p = 0; p < unit.num_panels; ++p) {
    float* panel = unit.panels + p * kPanelBlock;
    const float* scales = unit.scales + p * kTileN * k_blocks<S>(t) * 4;
    const int64_t n = unit.n + p * kTileN;
    fnuz ? decode_panel<S, true>(t, n, kb, scales, panel)
         : decode_panel<S, false>(t, n, kb, scales, panel);
  }
}

template <Scales S>
void multiply_block(const Task& t, const Unit& unit, int64_t kb) {
  const float* a = reinterpret_cast<const float*>(t.shared);
  const int64_t first = tile_begin(t, unit.tile_begin);
  for (int64_t tile = unit.tile_begin; tile < unit.tile_end; ++tile) {
    const int64_t m = tile_begin(t, tile), rows = tile_begin(t, tile + 1) - m;
    float scales[kTileM];
    if (S == Scales::kF32Of128) {
      const float b_scale = t.b_scale[unit.n / kScaleBlock * t.b_scale_stride + kb];
      for (int64_t r = 0; r < rows; ++r) {
        scales[r] = t.a_scale[(m + r) * t.a_scale_stride_m + kb * t.a_scale_stride_k] * b_scale;
      }
    }
    const float* tile_a = a + (tile * k_blocks<S>(t) + kb) * kTileBlock;
    float* sums = unit.sums + (m - first) * unit.sums_stride;
    kMultiplyPanels<S>[rows](tile_a, unit.panels, unit.num_panels, scales, sums, unit.sums_stride);
  }
}

void store_block(const Task& t, const Unit& unit) {
  const int64_t first = tile_begin(t, unit.tile_begin), end = tile_begin(t, unit.tile_end);
  const int64_t limit = unit.num_panels * kTileN;
  for (int64_t m = first; m < end; ++m) {
    const float* sums = unit.sums + (m - first) * unit.sums_stride;
    for (int64_t i = 0; i < limit && unit.n + i < t.n; i += 8) {
      store8(t, m, unit.n + i, _mm256_load_ps(sums + i), t.n - unit.n - i);
    }
  }
}

template <Scales S>
void run_unit(const Task& t, const Unit& unit) {
  const int64_t rows = tile_begin(t, unit.tile_end) - tile_begin(t, unit.tile_begin);
  for (int64_t i = 0; i < rows * unit.sums_stride; i += 8) {
    _mm256_store_ps(unit.sums + i, _mm256_setzero_ps());
  }
  for (int64_t kb = 0; kb < k_blocks<S>(t); ++kb) {
    decode_panels<S>(t, unit, kb);
    multiply_block<S>(t, unit, kb);
  }
  store_block(t, unit);
}

// 5. The kernel: units walk block_m inside block_n, so that threads share no weights.

template <int kBlockM>
OCTET_INLINE int64_t num_m_blocks(const Task& t) {
  return (num_tiles(t) + kBlockM / kTileM - 1) / (kBlockM / kTileM);
}

template <Scales S, int kBlockM, int kBlockN>
void compute(const Task& t, int64_t begin, int64_t end, uint8_t* scratch) {
  const int64_t m_blocks = num_m_blocks<kBlockM>(t), tiles = num_tiles(t);
  for (int64_t i = begin; i < end; ++i) {
    Unit unit{};
    unit.tile_begin = i % m_blocks * tiles / m_blocks;
    unit.tile_end = (i % m_blocks + 1) * tiles / m_blocks;
    unit.n = i / m_blocks * kBlockN;
    const int64_t columns = t.n - unit.n < kBlockN ? t.n - unit.n : kBlockN;
    unit.num_panels = static_cast<int>((columns + kTileN - 1) / kTileN);
    unit.panels = reinterpret_cast<float*>(scratch);
    unit.sums = unit.panels + kBlockN * kScaleBlock;
    unit.sums_stride = kBlockN;
    float* scales = unit.sums + kBlockM * kBlockN;
    unit.scales = scales;
    if (S == Scales::kE8m0Of32) row_scales(t, unit.n, kBlockN, 1, scales);
    run_unit<S>(t, unit);
    if (S == Scales::kE8m0Of32) {
      const int64_t m = tile_begin(t, unit.tile_begin), m_end = tile_begin(t, unit.tile_end);
      mx_repair(t, {unit.n, unit.n + kBlockN, m, m_end}, token_flags(t, num_tiles(t) * kTileM),
                rows_outside(t, unit.n, kBlockN));
    }
  }
}

template <Scales S>
int64_t shared_bytes(const Task& t) {
  return decoded_bytes<S>(t, num_tiles(t) * kTileM);
}

template <Scales S>
int64_t prepare_units(const Task& t) {
  return num_tiles(t) * k_blocks<S>(t);
}

template <Scales S, int kBlockM, int kBlockN>
int64_t scratch_bytes(const Task& t) {
  const int64_t scales = S == Scales::kE8m0Of32 ? kBlockN * k_blocks<S>(t) * 4 : 0;
  return (kBlockN * kScaleBlock + kBlockM * kBlockN + scales) * static_cast<int64_t>(sizeof(float));
}

template <int kBlockM, int kBlockN>
int64_t compute_units(const Task& t) {
  return num_m_blocks<kBlockM>(t) * ((t.n + kBlockN - 1) / kBlockN);
}

/// Units of up to kBlockM rows of a, spread evenly over the blocks, x kBlockN rows of b.
template <Scales S, int kBlockM, int kBlockN>
Kernel kernel() {
  static_assert(kBlockM % kTileM == 0 && kBlockN % kTileN == 0 && kScaleBlock % kBlockN == 0);
  return {shared_bytes<S>, scratch_bytes<S, kBlockM, kBlockN>, prepare_units<S>,
          prepare<S>,      compute_units<kBlockM, kBlockN>,    compute<S, kBlockM, kBlockN>};
}

}  // namespace
}  // namespace octet::cpu::avx2_gemm
