// a batch of products on AVX-512.
#include "src/ops/gemm_batched/cpu/x86_avx512_widen.h"

#include <immintrin.h>

#include "src/ops/gemm_batched/cpu/widen_gemm.h"

namespace octet::ops::gemm_batched {
namespace {

struct Engine {
  static constexpr int kLanes = 16;
  static constexpr int kRows = 4;
  using Vector [[gnu::vector_size(64)]] = float;
  using Ints [[gnu::vector_size(64)]] = int32_t;
  using Longs [[gnu::vector_size(64)]] = int64_t;
  using Doubles [[gnu::vector_size(128)]] = double;
  using Halves [[gnu::vector_size(32)]] = uint16_t;

  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }

  static __m128i sixteen(const uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static Ints from_bytes(const uint8_t* from) {
    return reinterpret_cast<Ints>(_mm512_cvtepu8_epi32(sixteen(from)));
  }
  static Ints from_signed(const uint8_t* from) {
    return reinterpret_cast<Ints>(_mm512_cvtepi8_epi32(sixteen(from)));
  }
  static Ints from_halves(const uint8_t* from) {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return reinterpret_cast<Ints>(_mm512_cvtepu16_epi32(codes));
  }
  static Longs from_pairs(const uint8_t* from) {
    const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return reinterpret_cast<Longs>(_mm512_cvtepu8_epi64(codes));
  }
  static Halves to_halves(Ints bits) {
    return reinterpret_cast<Halves>(_mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(bits)));
  }
};

}  // namespace

Kernel X86Avx512Widen::kernel() { return WidenGemm<Engine>::kKernel; }

}  // namespace octet::ops::gemm_batched
