// Splits of the cache on AVX2: codes become f16 by shifts, then float32.
#include "src/ops/attn_decode/cpu/x86_avx2_split.h"

#include <immintrin.h>

#include "src/ops/attn_decode/cpu/float_products.h"

namespace octet::ops::attn_decode {
namespace {

struct Engine {
  static constexpr int kLanes = 8;
  static constexpr int kValueRows = 2;
  static constexpr float kE4m3Unit = 256;  // the exponent biases of f16 and e4m3 differ by 8
  using Vector [[gnu::vector_size(32)]] = float;
  using Bits [[gnu::vector_size(32)]] = int32_t;
  using Nan = __m128i;

  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static bool any(Nan nan) { return _mm_movemask_epi8(nan) != 0; }

  /// 16 codes as float32: e4m3fn in units of 1/256, NaN codes apart.
  template <bool kE5m2>
  static void decode16(__m128i codes, float* to) {
    __m256i f16 = _mm256_slli_epi16(_mm256_cvtepi8_epi16(codes), kE5m2 ? 8 : 7);
    if (!kE5m2) {
      f16 = _mm256_and_si256(f16, _mm256_set1_epi16(static_cast<int16_t>(0xbf80)));
    }
    _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm256_castsi256_si128(f16)));
    _mm256_storeu_ps(to + 8, _mm256_cvtph_ps(_mm256_extracti128_si256(f16, 1)));
  }

  template <bool kE5m2>
  static void decode(const Split& s, const uint8_t* codes, float* to, Nan& nan) {
    const __m128i sign = _mm_set1_epi8(static_cast<char>(0x80)), ones = _mm_set1_epi8(-1);
    for (int64_t d = 0; d < s.dim; d += 16) {
      const __m128i some = d + 16 <= s.dim
                               ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + d))
                               : _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + d));
      decode16<kE5m2>(some, to + d);
      nan = _mm_or_si128(nan, _mm_cmpeq_epi8(_mm_or_si128(some, sign), ones));
    }
  }
};

}  // namespace

Kernel X86Avx2Split::kernel() { return Attend<FloatProducts<Engine>>::kKernel; }

}  // namespace octet::ops::attn_decode
