// quantize by 16 lanes of AVX-512.
#include <immintrin.h>

#include "src/ops/quantize/cpu/append.h"
#include "src/ops/quantize/cpu/lanes.h"

namespace octet::ops::quantize::cpu {
namespace {

struct Zmm {
  using F = __m512;
  using I = __m512i;
  static F all(float x) { return _mm512_set1_ps(x); }
  static I all(uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
  static F of_bits(I x) { return _mm512_castsi512_ps(x); }
  static I bits_of(F x) { return _mm512_castps_si512(x); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F fmadd(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F fmsub(F a, F b, F c) { return _mm512_fmsub_ps(a, b, c); }
  static F fnmadd(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static I add(I a, I b) { return _mm512_add_epi32(a, b); }
  static I sub(I a, I b) { return _mm512_sub_epi32(a, b); }
  static I min(I a, I b) { return _mm512_min_epu32(a, b); }
  static I max(I a, I b) { return _mm512_max_epu32(a, b); }
  static I bit_and(I a, I b) { return _mm512_and_si512(a, b); }
  static I bit_or(I a, I b) { return _mm512_or_si512(a, b); }
  template <int kBits>
  static I shift_left(I x) {
    return _mm512_slli_epi32(x, kBits);
  }
  template <int kBits>
  static I shift_right(I x) {
    return _mm512_srli_epi32(x, kBits);
  }
  static F replace_nan(F x, F by) {
    return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), by);
  }
  static I zero_where_zero(I x, I zero) {
    return _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(zero, zero), x);
  }
  static I replace_special(I x, I size, I by) {
    return _mm512_mask_mov_epi32(x, _mm512_cmpge_epu32_mask(size, all(kInfinityBits)), by);
  }
};

struct Avx512 {
  static constexpr int kWidth = 16;
  using Float = __m512;
  using Bits = __m512i;
  using Math = Lanes<Zmm>;

  static Float zero() { return _mm512_setzero_ps(); }
  template <Input kInput>
  static Float load(const void* row, int64_t at) {
    if (kInput == Input::kF32) return _mm512_loadu_ps(static_cast<const float*>(row) + at);
    const __m256i halves = _mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(static_cast<const uint16_t*>(row) + at));
    if (kInput == Input::kF16) return _mm512_cvtph_ps(halves);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static Bits magnitude(Float x) { return Math::magnitude(x); }
  static Bits finite(Bits x) {
    return _mm512_maskz_mov_epi32(_mm512_cmplt_epu32_mask(x, Zmm::all(kInfinityBits)), x);
  }
  static Bits max(Bits a, Bits b) { return Zmm::max(a, b); }
  static uint32_t largest(Bits x) { return _mm512_reduce_max_epu32(x); }
  template <bool kSpecial>
  static Float divide(Float x, const Divisor& by) {
    return Math::divide<kSpecial>(x, by);
  }
  static Float multiply(Float x, float y) { return Zmm::mul(x, Zmm::all(y)); }
  template <Gate kGate>
  static Float activate(Float gate, Float up) {
    return Math::activate<kGate>(gate, up);
  }
  template <bool kSpecial>
  static Float bounded(Float x, float shift, float bound) {
    return Math::bounded<kSpecial>(x, shift, bound);
  }
  template <bool kSpecial>
  static Bits add_units(Bits sum, Float x, float factor) {
    return Zmm::add(sum, Math::units<kSpecial>(x, factor));
  }
  static int32_t total(Bits sum) { return _mm512_reduce_add_epi32(sum); }
  static void store_values(Float x, float* values) { _mm512_store_ps(values, x); }

  template <Element kElement, bool kSpecial>
  static void store(Float x, uint8_t* q) {
    const Bits code = Math::codes<kElement, kSpecial>(x);
    if (ElementFormat<kElement>::kPacked) {  // a pair in 64 bits: the odd one moves beside the even
      const __m128i pairs =
          _mm512_cvtepi64_epi8(_mm512_or_si512(code, _mm512_srli_epi64(code, 28)));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(q), pairs);
    } else {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm512_cvtepi32_epi8(code));
    }
  }
};

}  // namespace

void x86_avx512_blocks(const Task& task, int64_t begin, int64_t end) {
  run<Avx512>(task, begin, end);
}

void x86_avx512_append(const AppendTask& task, int64_t begin, int64_t end) {
  append<Avx512>(task, begin, end);
}

}  // namespace octet::ops::quantize::cpu
