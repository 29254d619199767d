// moe_reduce by 16 lanes of AVX-512.
#include <immintrin.h>

#include "src/cpu/avx512_block.h"
#include "src/ops/moe_reduce/cpu/rows.h"

namespace octet::ops::moe_reduce::cpu {
namespace {

struct Avx512 {
  static constexpr int kWidth = 16;
  using Float = __m512;

  static Float zero() { return _mm512_setzero_ps(); }
  static Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
  template <Type kType>
  static Float load(const char* row, int64_t at) {
    if (kType == Type::kF32) return _mm512_loadu_ps(row + at * 4);
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + at * 2));
    if (kType == Type::kF16) return _mm512_cvtph_ps(halves);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  template <Type kType>
  static void store(Float x, char* row, int64_t at) {
    if (kType == Type::kF32) return _mm512_storeu_ps(row + at * 4, x);
    const __m256i halves = kType == Type::kBf16 ? octet::cpu::round_bf16(x)
                                                : _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + at * 2), halves);
  }
};

}  // namespace

void x86_avx512_rows(const Task& task, int64_t begin, int64_t end) {
  run<Avx512>(task, begin, end);
}

}  // namespace octet::ops::moe_reduce::cpu
