// quantize by 16 lanes of AVX-512.
#include <immintrin.h>

#include "src/ops/quantize/cpu/blocks.h"

namespace octet::ops::quantize::cpu {
namespace {

struct Avx512 {
  static constexpr int kWidth = 16;
  using Float = __m512;
  using Bits = __m512i;

  static Float zero() { return _mm512_setzero_ps(); }
  static Bits all(uint32_t bits) { return _mm512_set1_epi32(static_cast<int>(bits)); }

  template <Input kInput>
  static Float load(const void* row, int64_t at) {
    if (kInput == Input::kF32) return _mm512_loadu_ps(static_cast<const float*>(row) + at);
    const __m256i halves = _mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(static_cast<const uint16_t*>(row) + at));
    if (kInput == Input::kF16) return _mm512_cvtph_ps(halves);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static Bits magnitude(Float x) {
    return _mm512_and_si512(_mm512_castps_si512(x), all(0x7fffffff));
  }
  static Bits finite(Bits x) {
    return _mm512_maskz_mov_epi32(_mm512_cmplt_epu32_mask(x, all(kInfinityBits)), x);
  }
  static Bits max(Bits a, Bits b) { return _mm512_max_epu32(a, b); }
  static uint32_t largest(Bits x) { return _mm512_reduce_max_epu32(x); }
  template <bool kSpecial>
  static Float divide(Float x, const Divisor& by) {
    const Float lifted = multiply(x, by.lift), scale = _mm512_set1_ps(by.scale);
    if (kSpecial) return _mm512_div_ps(lifted, scale);
    const Float inverse = _mm512_set1_ps(by.inverse);
    Float q = _mm512_mul_ps(lifted, inverse);
    q = _mm512_fnmadd_ps(_mm512_fmsub_ps(q, scale, lifted), inverse, q);
    return _mm512_fnmadd_ps(_mm512_fmsub_ps(q, scale, lifted), inverse, q);
  }
  static Float multiply(Float x, float y) { return _mm512_mul_ps(x, _mm512_set1_ps(y)); }

  // minima and maxima give their second operand where one is NaN.
  template <Gate kGate>
  static Float activate(Float gate, Float up) {
    using Constants = GateConstants<kGate>;
    const Float limit = _mm512_set1_ps(kSwigluLimit), most = _mm512_set1_ps(Constants::kMost);
    const Float g = kGate == Gate::kSwiglu ? _mm512_min_ps(limit, gate) : gate;
    const Float bounded = _mm512_min_ps(most, _mm512_max_ps(_mm512_set1_ps(-Constants::kMost), g));
    const Float per_bit = _mm512_set1_ps(Constants::kPerBit), magic = _mm512_set1_ps(kRoundMagic);
    const Float rounded = _mm512_fmadd_ps(bounded, per_bit, magic);
    const Float f = _mm512_fmsub_ps(bounded, per_bit, _mm512_sub_ps(rounded, magic));
    Float power = _mm512_fmadd_ps(_mm512_set1_ps(kExp2_5), f, _mm512_set1_ps(kExp2_4));
    power = _mm512_fmadd_ps(power, f, _mm512_set1_ps(kExp2_3));
    power = _mm512_fmadd_ps(power, f, _mm512_set1_ps(kExp2_2));
    power = _mm512_fmadd_ps(power, f, _mm512_set1_ps(kExp2_1));
    power = _mm512_fmadd_ps(power, f, _mm512_set1_ps(kExp2_0));
    const Float exponential = _mm512_castsi512_ps(_mm512_add_epi32(
        _mm512_castps_si512(power), _mm512_slli_epi32(_mm512_castps_si512(rounded), 23)));
    const Float silu = _mm512_div_ps(g, _mm512_add_ps(_mm512_set1_ps(1), exponential));
    const Float u = _mm512_min_ps(limit, _mm512_max_ps(_mm512_set1_ps(-kSwigluLimit), up));
    const Float y =
        _mm512_mul_ps(silu, kGate == Gate::kSwiglu ? _mm512_add_ps(u, _mm512_set1_ps(1)) : up);
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q),
                              _mm512_castsi512_ps(all(kGateNan)));
  }
  static void store_values(Float x, float* values) { _mm512_store_ps(values, x); }

  template <Element kElement, bool kSpecial>
  static Bits codes(Float x) {
    using Format = ElementFormat<kElement>;
    const Bits size = magnitude(x), within = _mm512_min_epu32(size, all(Format::kLargest));
    const Bits binade =
        _mm512_max_epu32(_mm512_and_si512(within, all(kInfinityBits)), all(Format::kLeastNormal));
    const Bits magic = _mm512_add_epi32(binade, all(Format::kUnitsMagic));
    const Bits sum =
        _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(within), _mm512_castsi512_ps(magic)));
    const Bits share =
        _mm512_sub_epi32(_mm512_srli_epi32(binade, Format::kDrop), all(Format::kFirstBinade));
    Bits code = _mm512_add_epi32(_mm512_sub_epi32(sum, magic), share);
    Bits sign = _mm512_and_si512(_mm512_srli_epi32(_mm512_castps_si512(x), Format::kSignShift),
                                 all(Format::kFormat.sign_bit()));
    if (!Format::kZeroHasSign) {
      sign = _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(code, code), sign);
    }
    if (kSpecial) {
      const __mmask16 nan = _mm512_cmpge_epu32_mask(size, all(kInfinityBits));
      code = _mm512_mask_mov_epi32(code, nan, all(Format::kNan));
    }
    return _mm512_or_si512(code, sign);
  }

  template <Element kElement, bool kSpecial>
  static void store(Float x, uint8_t* q) {
    const Bits code = codes<kElement, kSpecial>(x);
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

}  // namespace octet::ops::quantize::cpu
