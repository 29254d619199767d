// Matrix times few vectors on AVX2: one pass over b, up to 8 rows of a at a time.
#include "src/ops/gemm_blockscale/cpu/x86_avx2_gemv.h"

#include <stddef.h>
#include <stdint.h>

#include "src/cpu/avx2_block.h"
#include "src/cpu/kernel_at.h"

namespace octet::ops::gemm_blockscale {
namespace {

using cpu::Task;

constexpr int kMaxRows = 32;   // of b in one group: a pack block
constexpr int kMaxTokens = 8;  // rows of a in one pass
/// Rows of b in registers by rows of a (Zen 5, ms at (5120,5120): m = 1 with 2, 4, 8
/// rows 1.51, 1.10, 1.03; m = 4 with 1, 2, 4 rows 3.1, 2.9, 3.7; m = 6 with 1, 2 rows 4.1, 5.2).
constexpr int kRowsInRegisters[kMaxTokens + 1] = {0, 8, 4, 2, 2, 1, 1, 1, 1};
constexpr int64_t kPrefetchBlocks = 4;

/// What one pass reads and keeps: a group of rows of b against `kTokens` rows of a.
struct Pass {
  cpu::Weights b;
  const float* a;  // shared: (k/128, m, 128)
  int64_t a_block_stride;
  int64_t m, n;  // first row of a, first row of b
  int64_t num_rows;
  int64_t next_rows;  // bytes from these rows of b to the next group's
  __m256* sums;       // (num_rows, kTokens): lane-wise sums over k
};

// 1. Decode activations: exact values times f16_scale, so that weights stay unscaled f16 values.

void prepare(const Task& t, int64_t begin, int64_t end) {  // unit: 128 codes of one row of a
  float* out = reinterpret_cast<float*>(t.shared) + begin * cpu::kScaleBlock;
  for (int64_t unit = begin; unit < end; ++unit) {
    const uint8_t* codes = t.a + unit % t.m * t.a_stride + unit / t.m * cpu::kScaleBlock;
    for (int i = 0; i < cpu::kScaleBlock; ++i) {  // even codes of each 32, then odd: as decode32()
      const int at = i / 32 * 32 + i % 2 * 16 + i % 32 / 2;
      out[at] = t.codes->f32[codes[i]] * t.codes->f16_scale;
    }
    out += cpu::kScaleBlock;
  }
}

// 2. One block: kRows rows of b, kTokens rows of a, 128 of k.

OCTET_INLINE void prefetch(const uint8_t* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
}

/// 128 codes of each row to f16, in the order of prepare().
template <int kRows, bool kFnuz>
OCTET_INLINE void decode_block(const cpu::Weights& b, const uint8_t* codes, int64_t ahead,
                               __m256i* halves, cpu::NanScan<kFnuz>& nan) {
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int step = 0; step < 4; ++step) {
      const uint8_t* p = codes + r * b.row_stride + step / 2 * b.half_stride + step % 2 * 32;
      if (step % 2 == 0) prefetch(p + ahead);
      const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      nan.add(loaded);
      const cpu::F16x32 decoded = cpu::decode32(loaded);
      _mm256_store_si256(halves + r * 8 + step * 2, decoded.even);
      _mm256_store_si256(halves + r * 8 + step * 2 + 1, decoded.odd);
    }
  }
}

template <int kRows, int kTokens, bool kFnuz>
OCTET_INLINE void multiply_block(const Pass& pass, int64_t row, int64_t kb, int64_t ahead,
                                 const __m256* scales, cpu::NanScan<kFnuz>& nan) {
  __m256i halves[kRows * 8];
  decode_block<kRows>(pass.b, pass.b.at(row, kb), ahead, halves, nan);
  // Why: vcvtph2ps from memory is one operation, from a register two and an extract besides (Zen 5,
  // m = 1 at (5120,5120), 4 rows: 1.15 ms for 1.44). The barrier keeps GCC from undoing it.
  asm volatile("" : "+m"(halves));
  __m256 partial[kRows * kTokens];
  for (__m256& p : partial) p = _mm256_setzero_ps();
  const float* a = pass.a + kb * pass.a_block_stride;
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    for (int m = 0; m < kTokens; ++m) {
      const __m256 x = _mm256_load_ps(a + m * cpu::kScaleBlock + i * 8);
      for (int r = 0; r < kRows; ++r) {
        const __m128i* b = reinterpret_cast<const __m128i*>(halves + r * 8) + i;
        __m256& sum = partial[r * kTokens + m];
        sum = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_load_si128(b)), x, sum);
      }
    }
  }
  __m256* sums = pass.sums + row * kTokens;
  for (int i = 0; i < kRows * kTokens; ++i) {
    sums[i] = _mm256_fmadd_ps(partial[i], scales[i % kTokens], sums[i]);
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

template <int kTokens, bool kFnuz>
bool multiply_rows(const Task& t, const Pass& pass) {  // true: a NaN code was seen
  constexpr int kRows = kRowsInRegisters[kTokens];
  cpu::NanScan<kFnuz> nan{_mm256_setzero_si256()};
  const float* b_scale = t.b_scale + pass.n / cpu::kScaleBlock * t.b_scale_stride;
  const float* a_scale = t.a_scale + pass.m * t.a_scale_stride_m;
  const int64_t num_kb = t.k / cpu::kScaleBlock;
  for (int64_t kb = 0; kb < num_kb; ++kb) {
    __m256 scales[kTokens];
    for (int m = 0; m < kTokens; ++m) {
      const float s = a_scale[m * t.a_scale_stride_m + kb * t.a_scale_stride_k] * b_scale[kb];
      scales[m] = _mm256_set1_ps(s);
    }
    const int64_t ahead = prefetch_distance(pass, kb, num_kb);
    int64_t row = 0;
    for (; row + kRows <= pass.num_rows; row += kRows) {
      multiply_block<kRows, kTokens>(pass, row, kb, ahead, scales, nan);
    }
    for (; row < pass.num_rows; ++row) {
      multiply_block<1, kTokens>(pass, row, kb, ahead, scales, nan);
    }
  }
  return nan.any();
}

// 4. NaN weights, and the results.

bool row_has_nan(const Task& t, const Pass& pass, int64_t row) {
  for (int64_t k = 0; k < t.k; ++k) {
    const uint8_t* b = pass.b.at(row, k / cpu::kScaleBlock) + k % 128 / 64 * pass.b.half_stride;
    if (cpu::is_nan_code(*t.codes, b[k % 64])) return true;
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
      cpu::store8(t, pass.m + m, pass.n + row, _mm256_load_ps(results), count);
    }
  }
}

template <int kTokens>
void run_pass(const Task& t, Pass& pass) {
  for (int64_t i = 0; i < pass.num_rows * kTokens; ++i) pass.sums[i] = _mm256_setzero_ps();
  const bool fnuz = t.codes->nan_magnitude == 0;
  const bool nan =
      fnuz ? multiply_rows<kTokens, true>(t, pass) : multiply_rows<kTokens, false>(t, pass);
  if (nan) poison_nan_rows(t, pass, kTokens);
  store_rows(t, pass, kTokens);
}

using RunPass = void (*)(const Task&, Pass&);
constexpr RunPass kRunPass[kMaxTokens + 1] = {nullptr,     run_pass<1>, run_pass<2>,
                                              run_pass<3>, run_pass<4>, run_pass<5>,
                                              run_pass<6>, run_pass<7>, run_pass<8>};

// 5. The kernel: a unit is a group of rows of b.

template <int kGroup>
void compute(const Task& t, int64_t begin, int64_t end, uint8_t* scratch) {
  const int64_t passes = (t.m + kMaxTokens - 1) / kMaxTokens;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t n = unit * kGroup;
    for (int64_t i = 0; i < passes; ++i) {
      const int64_t m = i * t.m / passes;
      Pass pass{};
      pass.b = cpu::weights_from(t, n);
      pass.a = reinterpret_cast<const float*>(t.shared) + m * cpu::kScaleBlock;
      pass.a_block_stride = t.m * cpu::kScaleBlock;
      pass.m = m;
      pass.n = n;
      pass.num_rows = t.n - n < kGroup ? t.n - n : kGroup;
      pass.next_rows = cpu::weights_from(t, n + kGroup).data - pass.b.data;
      pass.sums = reinterpret_cast<__m256*>(scratch);
      kRunPass[(i + 1) * t.m / passes - m](t, pass);
    }
  }
}

int64_t shared_bytes(const Task& t) { return t.m * t.k * static_cast<int64_t>(sizeof(float)); }
int64_t scratch_bytes(const Task&) { return kMaxRows * kMaxTokens * sizeof(__m256); }
int64_t prepare_units(const Task& t) { return t.m * (t.k / cpu::kScaleBlock); }

template <int kGroup>
int64_t compute_units(const Task& t) {
  return (t.n + kGroup - 1) / kGroup;
}

template <int kGroup>
cpu::Kernel kernel_of() {
  static_assert(kMaxRows % kGroup == 0);
  return {shared_bytes, scratch_bytes,         prepare_units,
          prepare,      compute_units<kGroup>, compute<kGroup>};
}

}  // namespace

cpu::Kernel X86Avx2Gemv::kernel(int config) {
  return cpu::kernel_at<X86Avx2Gemv>(config,
                                     []<Config kConfig>() { return kernel_of<kConfig.rows>(); });
}

}  // namespace octet::ops::gemm_blockscale
