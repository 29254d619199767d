// quantize by AVX2, four vectors at a time: codes are packed to bytes across vectors. Magnitudes
// are positive as signed integers, so signed comparisons serve.
#include <immintrin.h>

#include "src/ops/quantize/cpu/blocks.h"

namespace octet::ops::quantize::cpu {
namespace {

struct Avx2 {
  static constexpr int kVectors = 4, kWidth = 8 * kVectors;
  struct Float {
    __m256 v[kVectors];
  };
  struct Bits {
    __m256i v[kVectors];
  };

  /// A vector for each of the four.
  template <class Four, class F>
  static inline __attribute__((always_inline)) Four each(const F& f) {
    return {{f(0), f(1), f(2), f(3)}};
  }
  static __m256i all(uint32_t bits) { return _mm256_set1_epi32(static_cast<int>(bits)); }

  static Float zero() {
    return each<Float>([](int) { return _mm256_setzero_ps(); });
  }
  template <Input kInput>
  static Float load(const void* row, int64_t at) {
    return each<Float>([&](int i) {
      const int64_t first = at + i * 8;
      if (kInput == Input::kF32) return _mm256_loadu_ps(static_cast<const float*>(row) + first);
      const __m128i halves = _mm_loadu_si128(
          reinterpret_cast<const __m128i*>(static_cast<const uint16_t*>(row) + first));
      if (kInput == Input::kF16) return _mm256_cvtph_ps(halves);
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
    });
  }
  static __m256i magnitude_of(__m256 x) {
    return _mm256_and_si256(_mm256_castps_si256(x), all(0x7fffffff));
  }
  static Bits magnitude(const Float& x) {
    return each<Bits>([&](int i) { return magnitude_of(x.v[i]); });
  }
  static Bits finite(const Bits& x) {
    return each<Bits>([&](int i) {
      return _mm256_and_si256(x.v[i], _mm256_cmpgt_epi32(all(kInfinityBits), x.v[i]));
    });
  }
  static Bits max(const Bits& a, const Bits& b) {
    return each<Bits>([&](int i) { return _mm256_max_epi32(a.v[i], b.v[i]); });
  }
  static uint32_t largest(const Bits& x) {
    const __m256i four =
        _mm256_max_epi32(_mm256_max_epi32(x.v[0], x.v[1]), _mm256_max_epi32(x.v[2], x.v[3]));
    __m128i most = _mm_max_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(most));
  }
  template <bool kSpecial>
  static Float divide(const Float& x, const Divisor& by) {
    const __m256 scale = _mm256_set1_ps(by.scale), inverse = _mm256_set1_ps(by.inverse);
    return each<Float>([&](int i) {
      const __m256 lifted = _mm256_mul_ps(x.v[i], _mm256_set1_ps(by.lift));
      if (kSpecial) return _mm256_div_ps(lifted, scale);
      __m256 q = _mm256_mul_ps(lifted, inverse);
      q = _mm256_fnmadd_ps(_mm256_fmsub_ps(q, scale, lifted), inverse, q);
      return _mm256_fnmadd_ps(_mm256_fmsub_ps(q, scale, lifted), inverse, q);
    });
  }
  static Float multiply(const Float& x, float y) {
    return each<Float>([&](int i) { return _mm256_mul_ps(x.v[i], _mm256_set1_ps(y)); });
  }

  // minima and maxima give their second operand where one is NaN.
  template <Gate kGate>
  static __m256 activate_one(__m256 gate, __m256 up) {
    using Constants = GateConstants<kGate>;
    const __m256 limit = _mm256_set1_ps(kSwigluLimit), most = _mm256_set1_ps(Constants::kMost);
    const __m256 g = kGate == Gate::kSwiglu ? _mm256_min_ps(limit, gate) : gate;
    const __m256 bounded = _mm256_min_ps(most, _mm256_max_ps(_mm256_set1_ps(-Constants::kMost), g));
    const __m256 per_bit = _mm256_set1_ps(Constants::kPerBit), magic = _mm256_set1_ps(kRoundMagic);
    const __m256 rounded = _mm256_fmadd_ps(bounded, per_bit, magic);
    const __m256 f = _mm256_fmsub_ps(bounded, per_bit, _mm256_sub_ps(rounded, magic));
    __m256 power = _mm256_fmadd_ps(_mm256_set1_ps(kExp2_5), f, _mm256_set1_ps(kExp2_4));
    power = _mm256_fmadd_ps(power, f, _mm256_set1_ps(kExp2_3));
    power = _mm256_fmadd_ps(power, f, _mm256_set1_ps(kExp2_2));
    power = _mm256_fmadd_ps(power, f, _mm256_set1_ps(kExp2_1));
    power = _mm256_fmadd_ps(power, f, _mm256_set1_ps(kExp2_0));
    const __m256 exponential = _mm256_castsi256_ps(_mm256_add_epi32(
        _mm256_castps_si256(power), _mm256_slli_epi32(_mm256_castps_si256(rounded), 23)));
    const __m256 silu = _mm256_div_ps(g, _mm256_add_ps(_mm256_set1_ps(1), exponential));
    const __m256 u = _mm256_min_ps(limit, _mm256_max_ps(_mm256_set1_ps(-kSwigluLimit), up));
    const __m256 y =
        _mm256_mul_ps(silu, kGate == Gate::kSwiglu ? _mm256_add_ps(u, _mm256_set1_ps(1)) : up);
    return _mm256_blendv_ps(y, _mm256_castsi256_ps(all(kGateNan)),
                            _mm256_cmp_ps(y, y, _CMP_UNORD_Q));
  }
  template <Gate kGate>
  static Float activate(const Float& gate, const Float& up) {
    return each<Float>([&](int i) { return activate_one<kGate>(gate.v[i], up.v[i]); });
  }
  static void store_values(const Float& x, float* values) {
    for (int i = 0; i < kVectors; ++i) _mm256_store_ps(values + i * 8, x.v[i]);
  }

  template <Element kElement, bool kSpecial>
  static __m256i codes(__m256 x) {
    using Format = ElementFormat<kElement>;
    const __m256i size = magnitude_of(x), within = _mm256_min_epi32(size, all(Format::kLargest));
    const __m256i binade =
        _mm256_max_epi32(_mm256_and_si256(within, all(kInfinityBits)), all(Format::kLeastNormal));
    const __m256i magic = _mm256_add_epi32(binade, all(Format::kUnitsMagic));
    const __m256i sum =
        _mm256_castps_si256(_mm256_add_ps(_mm256_castsi256_ps(within), _mm256_castsi256_ps(magic)));
    const __m256i share =
        _mm256_sub_epi32(_mm256_srli_epi32(binade, Format::kDrop), all(Format::kFirstBinade));
    __m256i code = _mm256_add_epi32(_mm256_sub_epi32(sum, magic), share);
    __m256i sign = _mm256_and_si256(_mm256_srli_epi32(_mm256_castps_si256(x), Format::kSignShift),
                                    all(Format::kFormat.sign_bit()));
    if (!Format::kZeroHasSign) {
      sign = _mm256_andnot_si256(_mm256_cmpeq_epi32(code, _mm256_setzero_si256()), sign);
    }
    if (kSpecial) {
      const __m256i nan = _mm256_cmpgt_epi32(size, all(kInfinityBits - 1));
      code = _mm256_blendv_epi8(code, all(Format::kNan), nan);
    }
    return _mm256_or_si256(code, sign);
  }

  template <Element kElement, bool kSpecial>
  static void store(const Float& x, uint8_t* q) {
    const Bits code = each<Bits>([&](int i) { return codes<kElement, kSpecial>(x.v[i]); });
    // Both halves of a vector are packed apart: fours of codes end in the order 0 2 4 6 1 3 5 7.
    const __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(code.v[0], code.v[1]),
                                              _mm256_packus_epi32(code.v[2], code.v[3]));
    const __m256i ordered =
        _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    if (!ElementFormat<kElement>::kPacked) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), ordered);
      return;
    }
    const __m256i pairs =
        _mm256_maddubs_epi16(ordered, _mm256_set1_epi16(0x1001));  // even + 16 odd
    const __m128i packed =
        _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(q), packed);
  }
};

}  // namespace

void x86_avx2_blocks(const Task& task, int64_t begin, int64_t end) { run<Avx2>(task, begin, end); }

}  // namespace octet::ops::quantize::cpu
