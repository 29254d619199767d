// Splits of the cache on AVX2: codes become f16 by shifts, then float32.
#include "src/ops/attn_decode/cpu/x86_avx2_split.h"

#include <immintrin.h>

#include "src/ops/attn_decode/cpu/attend.h"

namespace octet::ops::attn_decode {
namespace {

struct Engine {
  static constexpr int kLanes = 8;
  static constexpr int kValueRows = 2;
  static constexpr float kE4m3Unit = 256;  // the exponent biases of f16 and e4m3 differ by 8
  using Vector [[gnu::vector_size(32)]] = float;
  using Bits [[gnu::vector_size(32)]] = int32_t;

  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

  /// 8 codes as float32: e4m3fn in units of 1/256, NaN codes apart.
  template <bool kE5m2>
  static __m256 values8(__m128i codes) {
    __m128i f16 = _mm_unpacklo_epi8(_mm_setzero_si128(), codes);
    if (!kE5m2) {
      f16 = _mm_and_si128(_mm_srai_epi16(f16, 1), _mm_set1_epi16(static_cast<int16_t>(0xbf80)));
    }
    return _mm256_cvtph_ps(f16);
  }

  template <bool kE5m2>
  static bool decode_row(const uint8_t* codes, int64_t count, float* to) {
    const __m128i sign = _mm_set1_epi8(static_cast<char>(0x80)), ones = _mm_set1_epi8(-1);
    __m128i nan = _mm_setzero_si128();
    for (int64_t i = 0; i < count; i += 8) {
      const __m128i some = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + i));
      _mm256_storeu_ps(to + i, values8<kE5m2>(some));
      nan = _mm_or_si128(nan, _mm_cmpeq_epi8(_mm_or_si128(some, sign), ones));
    }
    if (count % 16 != 0) _mm256_storeu_ps(to + count, _mm256_setzero_ps());
    return _mm_movemask_epi8(nan) != 0;
  }

  static void decode(const uint8_t* codes, int64_t count, const float* values, bool e5m2,
                     float* to) {
    if (e5m2) {
      decode_row<true>(codes, count, to);
    } else if (decode_row<false>(codes, count, to)) {
      for (int64_t i = 0; i < count; ++i) to[i] = values[codes[i]] / kE4m3Unit;
    }
  }
};

}  // namespace

Kernel X86Avx2Split::kernel() { return Attend<Engine>::kKernel; }

}  // namespace octet::ops::attn_decode
