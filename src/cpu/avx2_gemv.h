// Matrix times few vectors on AVX2: one pass over b, up to 8 rows of a at a time.
//
// Layout     shared: activations (k/128, m, 128) in f32, then flags of tokens where scales are
// e8m0.
//            scratch: sums (rows, tokens) of 8
// Requires   as avx2_block.h; include only from kernel files
// Numerics   exact products in f32, 128 of k in one lane-wise sum, scaled once (e8m0: both operands
//            before they are multiplied), one reduction at the end
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "src/cpu/avx2_block.h"
#include "src/cpu/scaled_rows.h"

namespace octet::cpu::avx2_gemv {
namespace {

constexpr int kMaxRows = 32;   // of b in one group: a pack block
constexpr int kMaxTokens = 8;  // rows of a in one pass
/// Rows of b in registers by rows of a (Zen 5, ms at (5120,5120): m = 1 with 2, 4, 8
/// rows 1.51, 1.10, 1.03; m = 4 with 1, 2, 4 rows 3.1, 2.9, 3.7; m = 6 with 1, 2 rows 4.1, 5.2).
constexpr int kRowsInRegisters[kMaxTokens + 1] = {0, 8, 4, 2, 2, 1, 1, 1, 1};
/// With e8m0 scales those of up to four rows are in registers as well.
template <Scales S>
constexpr int rows_in_registers(int tokens) {
  return S == Scales::kE8m0Of32 && tokens == 1 ? 4 : kRowsInRegisters[tokens];
}

constexpr int64_t kPrefetchBlocks = 4;

/// What one pass reads and keeps: a group of rows of b against `kTokens` rows of a.
struct Pass {
  Weights b;
  const float* a;  // shared: (k/128, m, 128)
  int64_t a_block_stride;
  int64_t m, n;  // first row of a, first row of b
  int64_t num_rows;
  int64_t next_rows;         // bytes from these rows of b to the next group's
  const uint8_t* exponents;  // e8m0: of b
  int64_t exponent_stride;
  __m256* sums;  // (num_rows, kTokens): lane-wise sums over k
};

// 1. Decode activations: exact values times f16_scale, so that weights stay unscaled f16 values.

template <Scales S>
void prepare(const Task& t, int64_t begin, int64_t end) {  // unit: 128 codes of one row of a
  float* out = reinterpret_cast<float*>(t.shared) + begin * kScaleBlock;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t m = unit % t.m, kb = unit / t.m;
    const TokenBlock<S> from(t, m, kb, t.codes->f16_scale);
    mark_token<S>(t, m, kb, t.m);
    for (int i = 0; i < kScaleBlock; ++i) {  // even codes of each 32, then odd: as decode32()
      const int at = i / 32 * 32 + i % 2 * 16 + i % 32 / 2;
      out[at] = t.codes->f32[from.codes[i]] * from.factor[i / 32];
    }
    out += kScaleBlock;
  }
}

// 2. One block: kRows rows of b, kTokens rows of a, 128 of k.

OCTET_INLINE void prefetch(const uint8_t* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

/// 128 codes of each row to f16, in the order of prepare().
template <int kRows, bool kFnuz>
OCTET_INLINE void decode_block(const Weights& b, const uint8_t* codes, int64_t ahead,
                               __m256i* halves, NanScan<kFnuz>& nan) {
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int step = 0; step < 4; ++step) {
      const uint8_t* p = codes + r * b.row_stride + step / 2 * b.half_stride + step % 2 * 32;
      if (step % 2 == 0) prefetch(p + ahead);
      const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      nan.add(loaded);
      const F16x32 decoded = decode32(loaded);
      _mm256_store_si256(halves + r * 8 + step * 2, decoded.even);
      _mm256_store_si256(halves + r * 8 + step * 2 + 1, decoded.odd);
    }
  }
}

template <Scales S, int kRows, int kTokens, bool kFnuz>
OCTET_INLINE void multiply_block(const Pass& pass, const Weights& weights, int64_t row, int64_t kb,
                                 int64_t ahead, const __m256* scales, NanScan<kFnuz>& nan) {
  __m256i halves[kRows * 8];
  decode_block<kRows>(weights, weights.at(row, kb), ahead, halves, nan);
  // Why: vcvtph2ps from memory is one operation, from a register two and an extract besides (Zen 5,
  // m = 1 at (5120,5120), 4 rows: 1.15 ms for 1.44). The barrier keeps GCC from undoing it.
  asm volatile("" : "+m"(halves));
  __m256 partial[kRows * kTokens];
  for (__m256& p : partial) p = _mm256_setzero_ps();
  // e8m0 scales of b: of one token the sums of 32 are scaled, of more the decoded values.
  constexpr bool kScaleSums = S == Scales::kE8m0Of32 && kTokens == 1;
  constexpr bool kScaleValues = S == Scales::kE8m0Of32 && kTokens > 1;
  __m256 scaled[kScaleSums ? kRows : 1];
  for (__m256& s : scaled) s = _mm256_setzero_ps();
  const float* a = pass.a + kb * pass.a_block_stride;
  alignas(16) float b_scales[kRows][4];
  if (S == Scales::kE8m0Of32) {
    for (int r = 0; r < kRows; ++r) {
      const uint8_t* from = pass.exponents + (row + r) * pass.exponent_stride + kb * 4;
      const __m128i bytes = _mm_cvtepu8_epi32(_mm_loadu_si32(from));
      _mm_store_ps(b_scales[r], _mm_castsi128_ps(_mm_slli_epi32(bytes, 23)));
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if (kScaleSums && i % 4 == 0) {
      for (__m256& p : partial) p = _mm256_setzero_ps();
    }
    for (int m = 0; m < kTokens; ++m) {
      const __m256 x = _mm256_load_ps(a + m * kScaleBlock + i * 8);
      for (int r = 0; r < kRows; ++r) {
        const __m128i* b = reinterpret_cast<const __m128i*>(halves + r * 8) + i;
        __m256 value = _mm256_cvtph_ps(_mm_load_si128(b));
        if (kScaleValues) {
          value = _mm256_mul_ps(value, _mm256_broadcast_ss(&b_scales[r][i / 4]));
        }
        __m256& sum = partial[r * kTokens + m];
        sum = _mm256_fmadd_ps(value, x, sum);
      }
    }
    for (int r = 0; kScaleSums && i % 4 == 3 && r < kRows; ++r) {
      const __m256 scale = _mm256_broadcast_ss(&b_scales[r][i / 4]);
      scaled[r] = _mm256_fmadd_ps(partial[r], scale, scaled[r]);
    }
  }
  __m256* sums = pass.sums + row * kTokens;
  for (int i = 0; i < kRows * kTokens; ++i) {
    sums[i] = S == Scales::kF32Of128 ? _mm256_fmadd_ps(partial[i], scales[i % kTokens], sums[i])
                                     : _mm256_add_ps(kScaleSums ? scaled[i] : partial[i], sums[i]);
  }
}

// 3. One pass: all of k for a group of rows of b.

/// Bytes from block kb of a row to the one to prefetch: some blocks later, or in the next group.
/// Why: at a fixed distance the rows of a group start cold (Zen 5, m = 1, groups of 16: 2.8 ms
/// for 1.1).
OCTET_INLINE int64_t prefetch_distance(const Pass& pass, int64_t kb, int64_t num_kb) {
  const int64_t later = kb + kPrefetchBlocks;
  if (later < num_kb) return kPrefetchBlocks * pass.b.block_stride;
  return pass.next_rows + (later - num_kb - kb) * pass.b.block_stride;
}

/// One block of 128 of k for all rows of the group.
template <Scales S, int kTokens, bool kFnuz>
OCTET_INLINE void multiply_group(const Pass& pass, const Weights& b, int64_t kb, int64_t ahead,
                                 const __m256* scales, NanScan<kFnuz>& nan) {
  constexpr int kRows = rows_in_registers<S>(kTokens);
  int64_t row = 0;
  for (; row + kRows <= pass.num_rows; row += kRows) {
    multiply_block<S, kRows, kTokens>(pass, b, row, kb, ahead, scales, nan);
  }
  for (; row < pass.num_rows; ++row) {
    multiply_block<S, 1, kTokens>(pass, b, row, kb, ahead, scales, nan);
  }
}

/// The last, short block of k, from a copy with zeros behind it.
template <int kTokens, bool kFnuz>
__attribute__((noinline)) void multiply_tail(const Task& t, const Pass& pass, int64_t kb,
                                             NanScan<kFnuz>& nan) {
  const int64_t left = t.k - kb * kScaleBlock;
  uint8_t codes[kMaxRows * kScaleBlock], exponents[kMaxRows * 4] = {};
  for (int64_t r = 0; r < pass.num_rows; ++r) {
    mx_copy_tail(pass.b.at(r, kb), left, codes + r * kScaleBlock);
    const uint8_t* from = pass.exponents + r * pass.exponent_stride + kb * 4;
    for (int64_t i = 0; i < left / kMxBlock; ++i) exponents[r * 4 + i] = from[i];
  }
  Pass tail = pass;
  tail.a += kb * pass.a_block_stride;
  tail.exponents = exponents;
  tail.exponent_stride = 4;
  const Weights b{codes, kScaleBlock, 0, 64};
  multiply_group<Scales::kE8m0Of32, kTokens>(tail, b, 0, 0, nullptr, nan);
}

template <Scales S, int kTokens, bool kFnuz>
bool multiply_rows(const Task& t, const Pass& pass) {  // true: a NaN code was seen
  NanScan<kFnuz> nan{_mm256_setzero_si256()};
  const int64_t num_kb = t.k / kScaleBlock;
  for (int64_t kb = 0; kb < num_kb; ++kb) {
    __m256 scales[kTokens];
    if (S == Scales::kF32Of128) {
      const float b_scale = t.b_scale[pass.n / kScaleBlock * t.b_scale_stride + kb];
      const float* a_scale = t.a_scale + pass.m * t.a_scale_stride_m + kb * t.a_scale_stride_k;
      for (int m = 0; m < kTokens; ++m) {
        scales[m] = _mm256_set1_ps(a_scale[m * t.a_scale_stride_m] * b_scale);
      }
    }
    const int64_t ahead = prefetch_distance(pass, kb, num_kb);
    multiply_group<S, kTokens>(pass, pass.b, kb, ahead, scales, nan);
  }
  if (S == Scales::kE8m0Of32 && num_kb < k_blocks<S>(t))
    multiply_tail<kTokens>(t, pass, num_kb, nan);
  return nan.any();
}

// 4. NaN weights, and the results.

bool row_has_nan(const Task& t, const Pass& pass, int64_t row) {
  for (int64_t k = 0; k < t.k; ++k) {
    const uint8_t* b = pass.b.at(row, k / kScaleBlock) + k % 128 / 64 * pass.b.half_stride;
    if (is_nan_code(*t.codes, b[k % 64])) return true;
  }
  return false;
}

void poison_nan_rows(const Task& t, const Pass& pass, int tokens) {
  for (int64_t row = 0; row < pass.num_rows; ++row) {
    if (!row_has_nan(t, pass, row)) continue;
    for (int m = 0; m < tokens; ++m)
      pass.sums[row * tokens + m] = _mm256_set1_ps(__builtin_nanf(""));
  }
}

OCTET_INLINE float sum_lanes(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

void store_rows(const Task& t, const Pass& pass, int tokens) {
  for (int m = 0; m < tokens; ++m) {
    for (int64_t row = 0; row < pass.num_rows; row += 8) {
      alignas(32) float results[8] = {};
      const int64_t count = pass.num_rows - row < 8 ? pass.num_rows - row : 8;
      for (int64_t i = 0; i < count; ++i) results[i] = sum_lanes(pass.sums[(row + i) * tokens + m]);
      store8(t, pass.m + m, pass.n + row, _mm256_load_ps(results), count);
    }
  }
}

template <Scales S, int kTokens>
void run_pass(const Task& t, Pass& pass) {
  for (int64_t i = 0; i < pass.num_rows * kTokens; ++i) pass.sums[i] = _mm256_setzero_ps();
  const bool fnuz = S == Scales::kF32Of128 && t.codes->nan_magnitude == 0;
  const bool nan =
      fnuz ? multiply_rows<S, kTokens, true>(t, pass) : multiply_rows<S, kTokens, false>(t, pass);
  if (nan) poison_nan_rows(t, pass, kTokens);
  store_rows(t, pass, kTokens);
}

using RunPass = void (*)(const Task&, Pass&);
template <Scales S>
constexpr RunPass kRunPass[kMaxTokens + 1] = {nullptr,        run_pass<S, 1>, run_pass<S, 2>,
                                              run_pass<S, 3>, run_pass<S, 4>, run_pass<S, 5>,
                                              run_pass<S, 6>, run_pass<S, 7>, run_pass<S, 8>};

// 5. The kernel: a unit is a group of rows of b.

template <Scales S, int kGroup>
void compute(const Task& t, int64_t begin, int64_t end, uint8_t* scratch) {
  const int64_t passes = (t.m + kMaxTokens - 1) / kMaxTokens;
  for (int64_t unit = begin; unit < end; ++unit) {
    Pass pass{};
    pass.n = unit * kGroup;
    pass.b = weights_from(t, pass.n);
    pass.a_block_stride = t.m * kScaleBlock;
    pass.num_rows = t.n - pass.n < kGroup ? t.n - pass.n : kGroup;
    pass.next_rows = weights_from(t, pass.n + kGroup).data - pass.b.data;
    pass.sums = reinterpret_cast<__m256*>(scratch);
    pass.exponents = t.b_exponent + pass.n * t.b_exponent_stride;
    pass.exponent_stride = t.b_exponent_stride;
    const bool outside = S == Scales::kE8m0Of32 && rows_outside(t, pass.n, kGroup);
    for (int64_t i = 0; i < passes; ++i) {
      pass.m = i * t.m / passes;
      pass.a = reinterpret_cast<const float*>(t.shared) + pass.m * kScaleBlock;
      const int64_t m_end = (i + 1) * t.m / passes;
      kRunPass<S>[m_end - pass.m](t, pass);
      if (S == Scales::kE8m0Of32) {
        mx_repair(t, {pass.n, pass.n + kGroup, pass.m, m_end}, token_flags(t, t.m), outside);
      }
    }
  }
}

template <Scales S>
int64_t shared_bytes(const Task& t) {
  return decoded_bytes<S>(t, t.m);
}
int64_t scratch_bytes(const Task&) { return kMaxRows * kMaxTokens * sizeof(__m256); }
template <Scales S>
int64_t prepare_units(const Task& t) {
  return t.m * k_blocks<S>(t);
}

template <int kGroup>
int64_t compute_units(const Task& t) {
  return (t.n + kGroup - 1) / kGroup;
}

/// kGroup rows of b share one pass over k.
template <Scales S, int kGroup>
Kernel kernel() {
  static_assert(kMaxRows % kGroup == 0);
  return {shared_bytes<S>, scratch_bytes,         prepare_units<S>,
          prepare<S>,      compute_units<kGroup>, compute<S, kGroup>};
}

}  // namespace
}  // namespace octet::cpu::avx2_gemv
