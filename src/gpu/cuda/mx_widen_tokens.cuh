// MX tokens as bf16 with their exponents folded in, in memory: what the products of mx_widen.cuh
// read from a launch before theirs.
//
// Layout     rows of k bf16 one after the other, in each 16 of k the odd codes of every four before
//            the even ones
// Numerics   exact, 2^11 below the values (mx.cuh); exponents outside 2^-87 to 2^18 and NaN codes
//            become NaN
#pragma once

#include "src/gpu/cuda/mx.cuh"

namespace octet::gpu {

/// Widens 16 codes: in each 16 of k the odd codes of every four, then the even ones.
__device__ __forceinline__ void widen_codes(const uint4& loaded, uint32_t exponent, uint4* to) {
  const uint32_t codes[4] = {loaded.x, loaded.y, loaded.z, loaded.w};
  const uint32_t factor = mx_factor_checked(exponent, codes[0] | codes[1] | codes[2] | codes[3]);
  Bf16Codes pairs[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) pairs[i] = bf16_codes_checked(codes[i], factor);
  to[0] = {pairs[0].odd, pairs[1].odd, pairs[2].odd, pairs[3].odd};
  to[1] = {pairs[0].even, pairs[1].even, pairs[2].even, pairs[3].even};
}

/// Codes and exponents of `rows` tokens, and where they go.
struct TokensToWiden {
  const uint8_t* codes;
  const uint8_t* exponents;
  int64_t row, exponent_row;  // bytes from one to the next
  void* wide;
  int rows, k;
};

/// A thread's part: 16 codes from `column` on of every `step`-th token.
__device__ __forceinline__ void widen_column(const TokensToWiden& t, int column, int first,
                                             int step) {
  for (int token = first; token < t.rows; token += step) {
    const uint4 codes = *reinterpret_cast<const uint4*>(t.codes + token * t.row + column);
    const uint32_t exponent = t.exponents[token * t.exponent_row + column / 32];
    auto* to = static_cast<uint16_t*>(t.wide) + static_cast<int64_t>(token) * t.k + column;
    widen_codes(codes, exponent, reinterpret_cast<uint4*>(to));
  }
}

}  // namespace octet::gpu
