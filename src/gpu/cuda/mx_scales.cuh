// How few tokens' products are added with the exponents of OCP MX: an instruction of 32 of k is one
// block, so a stage makes four products, each with an exponent for every row and every token. The
// `add` of a Scaling (swap_gemm.cuh).
//
// Numerics   common exponents add up in the exponent field of one float factor; where a byte of the
//            stage is unusual the factor is applied in two steps (mx_scaled), right for every byte
#pragma once

#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/swap_gemm.cuh"

namespace octet::gpu::swap {

/// In shared memory: words of four exponents, of block_m tokens and then of the rows of weights.
struct MxProducts {
  static constexpr int kProducts = 4;

  template <SwapShape S>
  static __device__ __forceinline__ void add(float (&sum)[S.accumulators()],
                                             const float (&products)[4][S.accumulators()],
                                             uint32_t scales, const Seat& seat) {
    constexpr int kTokens = S.block_m / 4;  // of a thread
    const uint32_t rows =
        scales + (S.block_m + seat.warpgroup * 64 + seat.warp * 16 + seat.lane / 4) * 4;
    const uint32_t row[2] = {__float_as_uint(shared_load(rows)),
                             __float_as_uint(shared_load(rows + 32))};
    uint32_t token[kTokens];
    uint32_t unusual = mx_outside_wide(row[0]) | mx_outside_wide(row[1]);
#pragma unroll
    for (int j = 0; j < kTokens / 2; ++j) {
      const float2 pair = shared_load_pair(scales + seat.lane % 4 * 8 + j * 32);
      token[2 * j] = __float_as_uint(pair.x);
      token[2 * j + 1] = __float_as_uint(pair.y);
      unusual |= mx_outside_narrow(token[2 * j]) | mx_outside_narrow(token[2 * j + 1]);
    }
    if (unusual == 0) [[likely]] {
      add_common<S>(sum, products, row, token);
    } else {
      add_any<S>(sum, products, row, token);
    }
  }

  /// A factor's exponent field is that of the row plus that of the token minus 127: 33 to 223 here.
  template <SwapShape S>
  static __device__ __forceinline__ void add_common(float (&sum)[S.accumulators()],
                                                    const float (&products)[4][S.accumulators()],
                                                    const uint32_t (&row)[2],
                                                    const uint32_t (&token)[S.block_m / 4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t high = field(row[0], i) - (127u << 23), low = field(row[1], i) - (127u << 23);
#pragma unroll
      for (int j = 0; j < S.block_m / 8; ++j) {
        const uint32_t x = field(token[2 * j], i), y = field(token[2 * j + 1], i);
        sum[4 * j] += products[i][4 * j] * __uint_as_float(high + x);
        sum[4 * j + 1] += products[i][4 * j + 1] * __uint_as_float(high + y);
        sum[4 * j + 2] += products[i][4 * j + 2] * __uint_as_float(low + x);
        sum[4 * j + 3] += products[i][4 * j + 3] * __uint_as_float(low + y);
      }
    }
  }

  template <SwapShape S>
  static __device__ __forceinline__ void add_any(float (&sum)[S.accumulators()],
                                                 const float (&products)[4][S.accumulators()],
                                                 const uint32_t (&row)[2],
                                                 const uint32_t (&token)[S.block_m / 4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int at = 0; at < S.accumulators(); ++at) {
        const uint32_t b = mx_exponent(row[at / 2 % 2], i);
        const uint32_t a = mx_exponent(token[at / 4 * 2 + at % 2], i);
        sum[at] += mx_scaled(products[i][at], a, b);
      }
    }
  }

  /// Byte `i` of a word in the place of a float's exponent.
  static __device__ __forceinline__ uint32_t field(uint32_t word, int i) {
    return (i < 3 ? word << (23 - 8 * i) : word >> 1) & 0x7f800000;
  }
};

}  // namespace octet::gpu::swap
