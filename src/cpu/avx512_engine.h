// The multiply-add engines of the AVX-512 kernels: f32 FMA, and vdpbf16ps where it is compiled in.
//
// Layout     "codes along lanes" (gemv): 64 of k of one row of b or token, in decode64's order.
//            "rows along lanes" (gemm): a step of k for 16 rows of b a vector, one token broadcast
//            Scales are of two kinds: f32 of 128 of k, which multiply sums of 128, or, in a Folding
//            engine, e8m0 of 32 of k, which are in both operands before they are multiplied
// Requires   as avx512_block.h; Bf16Engine also -mavx512bf16
// Numerics   every code is exact in bf16 and f32. FMA: one rounding a product. vdpbf16ps: two fused
//            steps a pair; subnormal sums are zero, but no product is below 2^-20
// Measured   Zen 5, 3.9 GHz: both issue two 512-bit instructions a clock, 251 and 503 GFLOPS a core
#pragma once

#include "src/cpu/avx512_fold.h"

namespace octet::cpu {
namespace {

struct FmaEngine {
  static constexpr bool kFolds = false;
  static constexpr int64_t kBytes = 4;      // of one activation
  static constexpr int kSteps = 128;        // of k in a scale block
  static constexpr int kMaxSums = 8;        // rows x tokens of gemv beside four parts a row
  static constexpr int64_t kStepBytes = 4;  // of one token

  OCTET_INLINE __m512 low(__m512i pairs) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
  }
  OCTET_INLINE __m512 high(__m512i pairs) {
    return _mm512_castsi512_ps(
        _mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
  }

  /// A quarter of 64 of k.
  static constexpr int kParts = 4;
  OCTET_INLINE __m512i part(const Bf16x64& codes, int i) {
    const __m512i pairs = i < 2 ? codes.first : codes.second;
    return _mm512_castps_si512(i % 2 == 0 ? low(pairs) : high(pairs));
  }

  /// Stores (k, k+1) of 16 rows as two steps, `step_bytes` apart.
  OCTET_INLINE void store_pair(uint8_t* to, int64_t step_bytes, __m512i pairs) {
    _mm512_store_ps(to, low(pairs));
    _mm512_store_ps(to + step_bytes, high(pairs));
  }
  /// Stores 64 of k of a token in ascending k; `first` holds 0..31, `second` 32..63.
  OCTET_INLINE void store_token(uint8_t* to, __m512i first, __m512i second) {
    const __m512i halves[4] = {first, _mm512_shuffle_i64x2(first, first, 0xee), second,
                               _mm512_shuffle_i64x2(second, second, 0xee)};
    for (int i = 0; i < 4; ++i) {
      const __m512i wide = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(halves[i]));
      _mm512_store_si512(to + i * 64, _mm512_slli_epi32(wide, 16));
    }
  }
  OCTET_INLINE __m512 multiply_add(__m512 sum, __m512i a, __m512i b) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum);
  }
};

#ifdef __AVX512BF16__
struct Bf16Engine {
  static constexpr bool kFolds = false;
  static constexpr int64_t kBytes = 2;
  static constexpr int kSteps = 64;
  static constexpr int kMaxSums = 16;
  static constexpr int64_t kStepBytes = 4;

  OCTET_INLINE __m512 multiply_add(__m512 sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }

  /// Half of 64 of k.
  static constexpr int kParts = 2;
  OCTET_INLINE __m512i part(const Bf16x64& codes, int i) {
    return i == 0 ? codes.first : codes.second;
  }

  OCTET_INLINE void store_pair(uint8_t* to, int64_t, __m512i pairs) {
    _mm512_store_si512(to, pairs);
  }
  OCTET_INLINE void store_token(uint8_t* to, __m512i first, __m512i second) {
    _mm512_store_si512(to, first);
    _mm512_store_si512(to + 64, second);
  }
};
#endif

template <class Base>
struct Folding : Base {
  static constexpr bool kFolds = true;
};

/// Blocks of 128 of k; e8m0 scales allow the last one to be shorter.
template <class Engine>
OCTET_INLINE int64_t k_blocks(const Task& task) {
  return Engine::kFolds ? mx_k_blocks(task) : task.k / kScaleBlock;
}

/// Activations as prepare leaves them in `shared`; gemm and gemv have orders of their own.
struct Tokens {
  uint8_t* values;   // m * k in the engine's type, whole blocks of 128 of k: zeros past the end
  float* scales;     // m * k/128; none where scales are folded
  uint8_t* special;  // m flags where scales are folded: to be repaired (mx.h)
};

template <class Engine>
OCTET_INLINE Tokens tokens_of(const Task& task) {
  uint8_t* behind = task.shared + task.m * k_blocks<Engine>(task) * kScaleBlock * Engine::kBytes;
  return {task.shared, reinterpret_cast<float*>(behind), behind};
}

template <class Engine>
int64_t tokens_bytes(const Task& task) {
  const int64_t blocks = task.m * k_blocks<Engine>(task);
  return blocks * kScaleBlock * Engine::kBytes + (Engine::kFolds ? task.m : blocks * 4);
}

/// 64 of k of a token, of which `left` exist.
template <class Engine>
OCTET_INLINE __m512i load_codes(const uint8_t* codes, int64_t left) {
  return Engine::kFolds ? load_left(codes, left) : _mm512_loadu_si512(codes);
}

int64_t tokens_units(const Task& task) { return task.m; }

}  // namespace
}  // namespace octet::cpu
