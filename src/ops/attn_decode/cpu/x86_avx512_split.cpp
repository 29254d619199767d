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

  /// The last codes of a row, fewer than 64.
  template <bool kE5m2>
  static __mmask64 decode_tail(const uint8_t* codes, int64_t count, float* to) {
    const __m512i some = _mm512_maskz_loadu_epi8((__mmask64{1} << count) - 1, codes);
    alignas(64) float values[64];
    decode32<kE5m2>(_mm512_castsi512_si256(some), values);
    decode32<kE5m2>(_mm512_extracti64x4_epi64(some, 1), values + 32);
    for (int64_t i = 0; i < count; i += 16) {
      _mm512_storeu_ps(to + i, _mm512_load_ps(values + i));
    }
    return nan_codes(some);
  }

  /// Whether a code is NaN.
  template <bool kE5m2>
  static bool decode_rows(const Split& s, const Rows& rows, float* to) {
    __mmask64 nan = 0;
    for (int64_t i = 0; i < rows.count; ++i) {
      const uint8_t* codes = rows.codes + i * rows.step;
      const uint8_t* ahead = rows.ahead + i * rows.ahead_step;
      int64_t d = 0;
      for (; d + 64 <= s.dim; d += 64) {
        _mm_prefetch(ahead + d, _MM_HINT_T1);
        decode32<kE5m2>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + d)), to + d);
        decode32<kE5m2>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + d + 32)),
                        to + d + 32);
        nan |= nan_codes(_mm512_loadu_si512(codes + d));
      }
      if (d < s.dim) {
        _mm_prefetch(ahead + d, _MM_HINT_T1);
        nan |= decode_tail<kE5m2>(codes + d, s.dim - d, to + d);
      }
      to += s.dim_padded;
    }
    return nan != 0;
  }

  static void decode(const Split& s, const Rows& rows, float* to) {
    if (s.e5m2) {
      decode_rows<true>(s, rows, to);
    } else if (decode_rows<false>(s, rows, to)) {
      decode_by_table(s, rows, kE4m3Unit, to);
    }
  }
};

}  // namespace

Kernel X86Avx512Split::kernel() { return Attend<Engine>::kKernel; }

}  // namespace octet::ops::attn_decode
