// Splits of the cache on AVX-512: codes become f16 by shifts, then float32.
#include "src/ops/attn_decode/cpu/x86_avx512_split.h"

#include <immintrin.h>

#include "src/ops/attn_decode/cpu/attend.h"

namespace octet::ops::attn_decode {
namespace {

struct Engine {
  static constexpr int kLanes = 16;
  static constexpr int kValueRows = 4;
  static constexpr float kE4m3Unit = 256;  // the exponent biases of f16 and e4m3 differ by 8
  using Vector [[gnu::vector_size(64)]] = float;
  using Bits [[gnu::vector_size(64)]] = int32_t;

  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }

  /// 16 codes as float32: e4m3fn in units of 1/256, NaN codes apart.
  template <bool kE5m2>
  static __m512 values16(__m128i codes) {
    __m256i f16 = _mm256_slli_epi16(_mm256_cvtepu8_epi16(codes), 8);
    if (!kE5m2) {
      f16 = _mm256_and_si256(_mm256_srai_epi16(f16, 1),
                             _mm256_set1_epi16(static_cast<int16_t>(0xbf80)));
    }
    return _mm512_cvtph_ps(f16);
  }

  template <bool kE5m2>
  static void decode_row(const uint8_t* codes, int64_t count, float* to) {
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
      const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + i));
      _mm512_storeu_ps(to + i, values16<kE5m2>(some));
    }
    if (i < count) {
      const __m128i some = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + i));
      _mm512_storeu_ps(to + i, values16<kE5m2>(some));
    }
  }

  static bool has_nan(const uint8_t* codes, int64_t count) {
    const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
    __mmask64 found = 0;
    for (int64_t i = 0; i < count; i += 64) {
      const __mmask64 there = count - i >= 64 ? ~__mmask64{0} : (__mmask64{1} << (count - i)) - 1;
      const __m512i some = _mm512_maskz_loadu_epi8(there, codes + i);
      found |= _mm512_cmpeq_epi8_mask(_mm512_or_si512(some, sign), _mm512_set1_epi8(-1));
    }
    return found != 0;
  }

  static void decode(const uint8_t* codes, int64_t count, const float* values, bool e5m2,
                     float* to) {
    if (e5m2) return decode_row<true>(codes, count, to);
    decode_row<false>(codes, count, to);
    if (!has_nan(codes, count)) return;
    for (int64_t i = 0; i < count; ++i) to[i] = values[codes[i]] / kE4m3Unit;
  }
};

}  // namespace

Kernel X86Avx512Split::kernel() { return Attend<Engine>::kKernel; }

}  // namespace octet::ops::attn_decode
