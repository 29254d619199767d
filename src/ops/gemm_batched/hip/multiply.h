// A step of gemm_batched in registers: 16 rows of weights meet 16 tokens over a method's kStepK.
//
// Layout     lane l holds of row l % 16 two vectors of 16 bytes; half h of them meet together. Sums
//            as matrix.h has them: weights are the rows (4 of a lane), a token the column
// Numerics   bf16, e4m3: float32 sums of the matrix core. i8: exact. Scales of k (a token's 128, or
//            32 of both) multiply a step's sum in float32; those of e2m1 are powers of two, on
//            gfx950 in the instruction, with bf16 tokens in the bf16 that weights become
#pragma once

#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/ocp_fp8.h"
#include "src/gpu/hip/products.h"
#include "src/ops/gemm_batched/hip/tile_shape.h"

namespace octet::ops::gemm_batched::hip {

using namespace gpu::hip;

/// Facts of a method on this architecture.
template <Method kMethod>
struct Step {
  static constexpr bool kE2m1 = kMethod == Method::kE2m1, kWide = kMethod == Method::kWide;
  /// e2m1 that becomes int8 on its way.
  static constexpr bool kWidensBoth = kE2m1 && !kGfx950;
  static constexpr int kK = kMethod == Method::kBf16 || kWide ? 64 : kE2m1 && kGfx950 ? 256 : 128;
  /// Bytes of a row in memory.
  static constexpr int kWeightBytes = kWide ? 32 : kWidensBoth ? 64 : 128;
  static constexpr int kTokenBytes = kWidensBoth ? 64 : 128;
  /// Exponents of a row, on their way by themselves; 0: none.
  static constexpr int kBlocks = kE2m1 ? kK / 32 : 0;
  /// Bytes that those of a row of weights take in LDS; kWide: float32 of two blocks.
  static constexpr int kWeightExponents = kWide ? 8 : kBlocks;
  /// A result is a sum times this.
  static constexpr float kUnit = kMethod == Method::kE4m3 || kMethod == Method::kGroups
                                     ? static_cast<float>(1 << kOcpProductShift)
                                     : 1.0f;
};

template <Method kMethod>
struct SumsOf {
  using Type = Float4;
};
template <>
struct SumsOf<Method::kI8> {
  using Type = Int4;
};
template <Method kMethod>
using Sums = typename SumsOf<kMethod>::Type;

/// 16 rows of an operand.
struct Fragment {
  Word4 half[2];
};

/// What a lane needs of a step's scales, of 16 rows of weights or 16 tokens.
///   kGroups   tokens: words[0] float32 of token l % 16
///   kWide     weights: values, what is not in the bf16, of two blocks of the lane's four rows
///   kE2m1     gfx950: words[h] has the exponent of row l % 16 and of the lane's block of half h in
///             its low byte. gfx942: weights: byte r of words[b] is of block b and the lane's row
///             r; tokens: byte b of words[0] is of block b and token l % 16
struct StepScales {
  uint32_t words[4];
  Float4 values[2];
};

template <Method kMethod>
OCTET_DEVICE void multiply(const Fragment& weights, const Fragment& tokens,
                           const StepScales& of_weights, const StepScales& of_tokens,
                           Sums<kMethod>& sums) {
  if constexpr (kMethod == Method::kBf16) {
    sums = product_k32_bf16(weights.half[0], tokens.half[0], sums);
    sums = product_k32_bf16(weights.half[1], tokens.half[1], sums);
  } else if constexpr (kMethod == Method::kE4m3) {
    sums = product_k128_fp8(weights.half, tokens.half, sums);
  } else if constexpr (kMethod == Method::kGroups) {
    const Float4 part = product_k128_fp8(weights.half, tokens.half, Float4{0, 0, 0, 0});
    sums += part * as_float(of_tokens.words[0]);
  } else if constexpr (kMethod == Method::kI8) {
    sums = product_k64_i8(weights.half[0], tokens.half[0], sums);
    sums = product_k64_i8(weights.half[1], tokens.half[1], sums);
  } else if constexpr (kMethod == Method::kWide) {
    OCTET_UNROLL
    for (int h = 0; h < 2; ++h) {
      sums += product_k32_bf16(weights.half[h], tokens.half[h], Float4{0, 0, 0, 0}) *
              of_weights.values[h];
    }
  } else if constexpr (kGfx950) {
#if defined(__gfx950__) || !defined(__AMDGCN__)
    constexpr MatrixFormat kFormat = MatrixFormat::kE2m1;
    OCTET_UNROLL
    for (int h = 0; h < 2; ++h) {
      const Word4 none{0, 0, 0, 0};
      sums = mma_16x16x128_scaled<kFormat, kFormat>(join(weights.half[h], none),
                                                    join(tokens.half[h], none), sums,
                                                    of_weights.words[h], of_tokens.words[h]);
    }
#endif
  } else {
    constexpr int kBias = 2 * 127 + 2;  // of two exponents, and of codes that are doubled
    OCTET_UNROLL
    for (int b = 0; b < 4; ++b) {
      const Word4 &w = weights.half[b / 2], &t = tokens.half[b / 2];
      const Int4 part = b % 2 == 0 ? mma_16x16x32_i8(low_half(w), low_half(t), Int4{0, 0, 0, 0})
                                   : mma_16x16x32_i8(high_half(w), high_half(t), Int4{0, 0, 0, 0});
      const int of_token = static_cast<int>(of_tokens.words[0] >> 8 * b & 255) - kBias;
      OCTET_UNROLL
      for (int r = 0; r < 4; ++r) {
        const int exponent = static_cast<int>(of_weights.words[b] >> 8 * r & 255) + of_token;
        sums[r] += scale_by_power(static_cast<float>(part[r]), exponent);
      }
    }
  }
}

}  // namespace octet::ops::gemm_batched::hip
