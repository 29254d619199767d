// MX tokens as the launches that widen them leave them in memory: bf16 with their exponents folded
// in.
#pragma once

#include <cmath>
#include <cstdint>

#include "src/core/formats.h"

namespace octet::stand_in {

/// Widened values lie this power of two below the real ones.
constexpr int kWideOffset = 11;
/// Exponents whose values fit a bf16 there. What others touch is summed again from the codes.
constexpr uint8_t kWideLeast = 40, kWideMost = 145;

inline bool fits_wide(uint8_t exponent) { return exponent >= kWideLeast && exponent <= kWideMost; }

/// Where code k of a row stands: in each 16 the odd codes of every four, then the even ones.
inline int64_t wide_place(int64_t k) {
  const int64_t four = k % 16 / 4, code = k % 4;
  return k / 16 * 16 + (code % 2 == 1 ? 0 : 8) + four * 2 + code / 2;
}

inline uint16_t to_wide(double value) {
  return encode_bf16(static_cast<float>(std::ldexp(value, -kWideOffset)));
}
inline double from_wide(uint16_t bits) {
  return std::ldexp(double{decode_bf16(bits)}, kWideOffset);
}

}  // namespace octet::stand_in
