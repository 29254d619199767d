// Splits of the cache on AVX-512: codes become f16 by shifts, then float32.
#include "src/ops/attn_decode/cpu/x86_avx512_split.h"

#include <immintrin.h>

#include "src/ops/attn_decode/cpu/float_products.h"

namespace octet::ops::attn_decode {
namespace {

struct Engine {
  static constexpr int kLanes = 16;
  static constexpr int kValueRows = 4;
  static constexpr float kE4m3Unit = 256;  // the exponent biases of f16 and e4m3 differ by 8
  using Vector [[gnu::vector_size(64)]] = float;
  using Bits [[gnu::vector_size(64)]] = int32_t;
  using Nan = __mmask64;

  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static bool any(Nan nan) { return nan != 0; }

  /// 32 codes, sign extended, as f16: e4m3fn in units of 1/256, NaN codes apart.
  template <bool kE5m2>
  static __m512i f16_of(__m512i wide) {
    if (kE5m2) return _mm512_slli_epi16(wide, 8);
    return _mm512_and_si512(_mm512_slli_epi16(wide, 7),
                            _mm512_set1_epi16(static_cast<int16_t>(0xbf80)));
  }

  template <bool kE5m2>
  static void decode32(__m256i codes, float* to) {
    const __m512i f16 = f16_of<kE5m2>(_mm512_cvtepi8_epi16(codes));
    _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm512_castsi512_si256(f16)));
    _mm512_storeu_ps(to + 16, _mm512_cvtph_ps(_mm512_extracti64x4_epi64(f16, 1)));
  }

  static __mmask64 nan_codes(__m512i codes) {
    const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
    return _mm512_cmpeq_epi8_mask(_mm512_or_si512(codes, sign), _mm512_set1_epi8(-1));
  }

  template <bool kE5m2>
  static void decode(const Split& s, const uint8_t* codes, float* to, Nan& nan) {
    int64_t d = 0;
    for (; d + 64 <= s.dim; d += 64) {
      decode32<kE5m2>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + d)), to + d);
      decode32<kE5m2>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + d + 32)),
                      to + d + 32);
      nan |= nan_codes(_mm512_loadu_si512(codes + d));
    }
    if (d == s.dim) return;
    const __m512i some = _mm512_maskz_loadu_epi8((__mmask64{1} << (s.dim - d)) - 1, codes + d);
    decode32<kE5m2>(_mm512_castsi512_si256(some), to + d);
    decode32<kE5m2>(_mm512_extracti64x4_epi64(some, 1), to + d + 32);
    nan |= nan_codes(some);
  }
};

}  // namespace

Kernel X86Avx512Split::kernel() { return Attend<FloatProducts<Engine>>::kKernel; }

}  // namespace octet::ops::attn_decode
