// a batch of products on AVX2.
#include "src/ops/gemm_batched/cpu/x86_avx2_widen.h"

#include <immintrin.h>

#include "src/ops/gemm_batched/cpu/widen_gemm.h"

namespace octet::ops::gemm_batched {
namespace {

struct Engine {
  static constexpr int kLanes = 8;
  static constexpr int kRows = 2;
  using Vector [[gnu::vector_size(32)]] = float;
  using Ints [[gnu::vector_size(32)]] = int32_t;
  using Longs [[gnu::vector_size(32)]] = int64_t;
  using Doubles [[gnu::vector_size(64)]] = double;
  using Halves [[gnu::vector_size(16)]] = uint16_t;

  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

  static __m128i eight(const uint8_t* from) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  }
  static Ints from_bytes(const uint8_t* from) {
    return reinterpret_cast<Ints>(_mm256_cvtepu8_epi32(eight(from)));
  }
  static Ints from_signed(const uint8_t* from) {
    return reinterpret_cast<Ints>(_mm256_cvtepi8_epi32(eight(from)));
  }
  static Ints from_halves(const uint8_t* from) {
    const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return reinterpret_cast<Ints>(_mm256_cvtepu16_epi32(codes));
  }
  static Longs from_pairs(const uint8_t* from) {
    return reinterpret_cast<Longs>(_mm256_cvtepu8_epi64(_mm_loadu_si32(from)));
  }
  static Halves to_halves(Ints bits) { return __builtin_convertvector(bits, Halves); }
};

}  // namespace

Kernel X86Avx2Widen::kernel() { return WidenGemm<Engine>::kKernel; }

}  // namespace octet::ops::gemm_batched
