// Rounded stores of single results: portable, no floating-point unit beyond IEEE double assumed.
//
// Requires   round-to-nearest mode; a kernel file of any instruction set may include this header
// (static
//            functions, no standard library)
// Numerics   one rounding from double to the output type, nearest even; subnormals kept, overflow
// to
//            infinity, NaN stays a quiet NaN with its sign
#pragma once

#include <stdint.h>
#include <string.h>

#include "src/cpu/kernel.h"

namespace octet::cpu {

/// The bits of `value` in a 16-bit format of `mantissa_bits` (bf16: 7, f16: 10) below its sign.
static inline uint16_t round_to_16_bits(double value, int mantissa_bits) {
  const int exponent_max = (1 << (15 - mantissa_bits)) - 1;  // of infinity and NaN
  const int bias = exponent_max / 2;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint16_t sign = static_cast<uint16_t>(bits >> 63 << 15);
  const uint16_t infinity = static_cast<uint16_t>(exponent_max << mantissa_bits);
  const int double_exponent = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  if (double_exponent == 0x7ff) {
    return static_cast<uint16_t>(sign | infinity | (fraction != 0) << (mantissa_bits - 1));
  }
  const int exponent = double_exponent - 1023 + bias;
  if (exponent >= exponent_max) return sign | infinity;
  // A subnormal result is the significand shifted further; at 54 and more all of it is below half
  // an ulp.
  const int shift = 52 - mantissa_bits + (exponent < 1 ? 1 - exponent : 0);
  if (shift >= 54) return sign;
  const uint64_t significand = fraction | uint64_t{1} << 52;
  const uint64_t odd = significand >> shift & 1;
  const uint64_t rounded = (significand + (uint64_t{1} << (shift - 1)) - 1 + odd) >> shift;
  // Adding, not or-ing, the exponent: a carry out of the significand goes to the next binade or to
  // infinity.
  const uint64_t below = exponent < 1 ? 0 : static_cast<uint64_t>(exponent - 1) << mantissa_bits;
  return static_cast<uint16_t>(sign | (below + rounded));
}

/// d[m, n] = value, rounded once to the output type.
static inline void store_rounded(const Task& task, int64_t m, int64_t n, double value) {
  const int64_t at = m * task.d_stride + n;
  if (task.output == Output::kF32) {
    static_cast<float*>(task.d)[at] = static_cast<float>(value);
  } else {
    const int mantissa_bits = task.output == Output::kBf16 ? 7 : 10;
    static_cast<uint16_t*>(task.d)[at] = round_to_16_bits(value, mantissa_bits);
  }
}

/// d[m, n] = value, an f32 result.
static inline void store_f32(const Task& task, int64_t m, int64_t n, float value) {
  store_rounded(task, m, n, static_cast<double>(value));
}

}  // namespace octet::cpu
