// moe_reduce by 8 lanes of AVX2.
#include <immintrin.h>

#include "src/cpu/avx2_block.h"
#include "src/ops/moe_reduce/cpu/rows.h"

namespace octet::ops::moe_reduce::cpu {
namespace {

struct Avx2 {
  static constexpr int kWidth = 8;
  using Float = __m256;

  static Float zero() { return _mm256_setzero_ps(); }
  static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  template <Type kType>
  static Float load(const char* row, int64_t at) {
    if (kType == Type::kF32) return _mm256_loadu_ps(reinterpret_cast<const float*>(row + at * 4));
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + at * 2));
    if (kType == Type::kF16) return _mm256_cvtph_ps(halves);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  template <Type kType>
  static void store(Float x, char* row, int64_t at) {
    if (kType == Type::kF32) return _mm256_storeu_ps(reinterpret_cast<float*>(row + at * 4), x);
    const __m128i halves = kType == Type::kBf16 ? octet::cpu::round_bf16(x)
                                                : _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(row + at * 2), halves);
  }
};

}  // namespace

void x86_avx2_rows(const Task& task, int64_t begin, int64_t end) { run<Avx2>(task, begin, end); }

}  // namespace octet::ops::moe_reduce::cpu
