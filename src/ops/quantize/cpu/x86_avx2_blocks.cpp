// quantize by AVX2, four vectors at a time: codes are packed to bytes across vectors. Magnitudes
// are positive as signed integers, so signed comparisons serve.
#include <immintrin.h>

#include "src/ops/quantize/cpu/append.h"
#include "src/ops/quantize/cpu/lanes.h"

namespace octet::ops::quantize::cpu {
namespace {

struct Ymm {
  using F = __m256;
  using I = __m256i;
  static F all(float x) { return _mm256_set1_ps(x); }
  static I all(uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); }
  static F of_bits(I x) { return _mm256_castsi256_ps(x); }
  static I bits_of(F x) { return _mm256_castps_si256(x); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F div(F a, F b) { return _mm256_div_ps(a, b); }
  static F fmadd(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F fmsub(F a, F b, F c) { return _mm256_fmsub_ps(a, b, c); }
  static F fnmadd(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
  static F min(F a, F b) { return _mm256_min_ps(a, b); }
  static F max(F a, F b) { return _mm256_max_ps(a, b); }
  static I add(I a, I b) { return _mm256_add_epi32(a, b); }
  static I sub(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I min(I a, I b) { return _mm256_min_epi32(a, b); }
  static I max(I a, I b) { return _mm256_max_epi32(a, b); }
  static I bit_and(I a, I b) { return _mm256_and_si256(a, b); }
  static I bit_or(I a, I b) { return _mm256_or_si256(a, b); }
  template <int kBits>
  static I shift_left(I x) {
    return _mm256_slli_epi32(x, kBits);
  }
  template <int kBits>
  static I shift_right(I x) {
    return _mm256_srli_epi32(x, kBits);
  }
  static F replace_nan(F x, F by) {
    return _mm256_blendv_ps(x, by, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  }
  static I zero_where_zero(I x, I zero) {
    return _mm256_andnot_si256(_mm256_cmpeq_epi32(zero, _mm256_setzero_si256()), x);
  }
  static I replace_special(I x, I size, I by) {
    return _mm256_blendv_epi8(x, by, _mm256_cmpgt_epi32(size, all(kInfinityBits - 1)));
  }
};

struct Avx2 {
  static constexpr int kVectors = 4, kWidth = 8 * kVectors;
  struct Float {
    __m256 v[kVectors];
  };
  struct Bits {
    __m256i v[kVectors];
  };
  using Math = Lanes<Ymm>;

  /// A vector for each of the four.
  template <class Four, class F>
  static inline __attribute__((always_inline)) Four each(const F& f) {
    return {{f(0), f(1), f(2), f(3)}};
  }

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
  static Bits magnitude(const Float& x) {
    return each<Bits>([&](int i) { return Math::magnitude(x.v[i]); });
  }
  static Bits finite(const Bits& x) {
    return each<Bits>([&](int i) {
      return _mm256_and_si256(x.v[i], _mm256_cmpgt_epi32(Ymm::all(kInfinityBits), x.v[i]));
    });
  }
  static Bits max(const Bits& a, const Bits& b) {
    return each<Bits>([&](int i) { return Ymm::max(a.v[i], b.v[i]); });
  }
  static uint32_t largest(const Bits& x) {
    const __m256i four = Ymm::max(Ymm::max(x.v[0], x.v[1]), Ymm::max(x.v[2], x.v[3]));
    __m128i most = _mm_max_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(most));
  }
  template <bool kSpecial>
  static Float divide(const Float& x, const Divisor& by) {
    return each<Float>([&](int i) { return Math::divide<kSpecial>(x.v[i], by); });
  }
  static Float multiply(const Float& x, float y) {
    return each<Float>([&](int i) { return Ymm::mul(x.v[i], Ymm::all(y)); });
  }
  template <Gate kGate>
  static Float activate(const Float& gate, const Float& up) {
    return each<Float>([&](int i) { return Math::activate<kGate>(gate.v[i], up.v[i]); });
  }
  template <bool kSpecial>
  static Float bounded(const Float& x, float shift, float bound) {
    return each<Float>([&](int i) { return Math::bounded<kSpecial>(x.v[i], shift, bound); });
  }
  template <bool kSpecial>
  static Bits add_units(const Bits& sum, const Float& x, float factor) {
    return each<Bits>(
        [&](int i) { return Ymm::add(sum.v[i], Math::units<kSpecial>(x.v[i], factor)); });
  }
  static int32_t total(const Bits& sum) {
    const __m256i eight = Ymm::add(Ymm::add(sum.v[0], sum.v[1]), Ymm::add(sum.v[2], sum.v[3]));
    __m128i all = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    all = _mm_add_epi32(all, _mm_shuffle_epi32(all, 0x4e));
    all = _mm_add_epi32(all, _mm_shuffle_epi32(all, 0xb1));
    return _mm_cvtsi128_si32(all);
  }
  static void store_values(const Float& x, float* values) {
    for (int i = 0; i < kVectors; ++i) _mm256_store_ps(values + i * 8, x.v[i]);
  }

  template <Element kElement, bool kSpecial>
  static void store(const Float& x, uint8_t* q) {
    const Bits code = each<Bits>([&](int i) { return Math::codes<kElement, kSpecial>(x.v[i]); });
    // Both halves of a vector are packed apart: fours of codes end in the order 0 2 4 6 1 3 5 7.
    const __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(code.v[0], code.v[1]),
                                              _mm256_packus_epi32(code.v[2], code.v[3]));
    const __m256i ordered =
        _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    if (!ElementFormat<kElement>::kPacked) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), ordered);
      return;
    }
    const __m256i pairs = _mm256_maddubs_epi16(ordered, _mm256_set1_epi16(0x1001));  // even, 16 odd
    const __m128i packed =
        _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(q), packed);
  }
};

}  // namespace

void x86_avx2_blocks(const Task& task, int64_t begin, int64_t end) { run<Avx2>(task, begin, end); }

void x86_avx2_append(const AppendTask& task, int64_t begin, int64_t end) {
  append<Avx2>(task, begin, end);
}

}  // namespace octet::ops::quantize::cpu
