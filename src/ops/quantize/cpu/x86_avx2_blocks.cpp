// quantize by 8 lanes of AVX2. Magnitudes are positive as signed integers, so signed comparisons
// serve.
#include <immintrin.h>

#include "src/ops/quantize/cpu/blocks.h"

namespace octet::ops::quantize::cpu {
namespace {

struct Avx2 {
  static constexpr int kWidth = 8;
  using Float = __m256;
  using Bits = __m256i;

  static Float zero() { return _mm256_setzero_ps(); }
  static Bits all(uint32_t bits) { return _mm256_set1_epi32(static_cast<int>(bits)); }

  template <Input kInput>
  static Float load(const void* row, int64_t at) {
    if (kInput == Input::kF32) return _mm256_loadu_ps(static_cast<const float*>(row) + at);
    const __m128i halves =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(static_cast<const uint16_t*>(row) + at));
    if (kInput == Input::kF16) return _mm256_cvtph_ps(halves);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  static Bits magnitude(Float x) {
    return _mm256_and_si256(_mm256_castps_si256(x), all(0x7fffffff));
  }
  static Bits finite(Bits x) {
    return _mm256_and_si256(x, _mm256_cmpgt_epi32(all(kInfinityBits), x));
  }
  static Bits max(Bits a, Bits b) { return _mm256_max_epi32(a, b); }
  static uint32_t largest(Bits x) {
    __m128i most = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(most));
  }
  static Float divide(Float x, float y) { return _mm256_div_ps(x, _mm256_set1_ps(y)); }
  static Float multiply(Float x, float y) { return _mm256_mul_ps(x, _mm256_set1_ps(y)); }

  template <Element kElement>
  static Bits codes(Float x) {
    using Format = ElementFormat<kElement>;
    const Bits bits = _mm256_castps_si256(x), size = magnitude(x);
    const Bits within = _mm256_min_epi32(size, all(Format::kLargest));
    const Bits odd = _mm256_and_si256(_mm256_srli_epi32(within, Format::kDrop), all(1));
    const Bits rounded =
        _mm256_add_epi32(_mm256_add_epi32(within, odd), all((1u << (Format::kDrop - 1)) - 1));
    const Bits normal =
        _mm256_sub_epi32(_mm256_srli_epi32(rounded, Format::kDrop), all(Format::kRebias));
    const Float magic = _mm256_castsi256_ps(all(Format::kMagic));
    const Bits subnormal =
        _mm256_sub_epi32(_mm256_castps_si256(_mm256_add_ps(_mm256_castsi256_ps(within), magic)),
                         all(Format::kMagic));
    Bits code = _mm256_blendv_epi8(normal, subnormal,
                                   _mm256_cmpgt_epi32(all(Format::kLeastNormal), within));
    const Bits nan = _mm256_cmpgt_epi32(size, all(kInfinityBits - 1));
    Bits sign = _mm256_and_si256(_mm256_srli_epi32(bits, Format::kSignShift),
                                 all(Format::kFormat.sign_bit()));
    if (!Format::kZeroHasSign) {
      sign = _mm256_andnot_si256(_mm256_cmpeq_epi32(code, _mm256_setzero_si256()), sign);
    }
    code = _mm256_blendv_epi8(code, all(Format::kNan), nan);
    return _mm256_or_si256(code, sign);
  }

  template <Element kElement>
  static void store(Float x, uint8_t* q) {
    Bits code = codes<kElement>(x);
    if (ElementFormat<kElement>::kPacked) {  // a pair in 64 bits: the odd one moves beside the even
      code = _mm256_or_si256(code, _mm256_srli_epi64(code, 28));
    }
    // The low byte of each 32 bits (of each 64), to the bottom of its half.
    const __m256i picks = ElementFormat<kElement>::kPacked
                              ? _mm256_set1_epi64x(static_cast<long long>(0x8080808080800800))
                              : _mm256_set1_epi64x(static_cast<long long>(0x808080800c080400));
    const __m256i bytes = _mm256_shuffle_epi8(code, picks);
    const auto low = static_cast<uint32_t>(_mm256_extract_epi32(bytes, 0));
    const auto high = static_cast<uint32_t>(_mm256_extract_epi32(bytes, 4));
    if (ElementFormat<kElement>::kPacked) {
      const uint32_t codes4 = (low & 0xffff) | high << 16;
      memcpy(q, &codes4, 4);
    } else {
      const uint64_t codes8 = low | static_cast<uint64_t>(high) << 32;
      memcpy(q, &codes8, 8);
    }
  }
};

}  // namespace

void x86_avx2_blocks(const Task& task, int64_t begin, int64_t end) { run<Avx2>(task, begin, end); }

}  // namespace octet::ops::quantize::cpu
