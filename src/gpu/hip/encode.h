// Codes of numbers: any narrow format in integers, the device's own kind of FP8 by its conversion.
//
// Numerics   to nearest even, saturating; bit for bit what core/formats.h encodes
#pragma once

#include "src/core/formats.h"
#include "src/gpu/hip/convert.h"

namespace octet::gpu::hip {

/// A format as constants of device code. kFormat has no infinities.
template <Minifloat kFormat>
struct CodeFormat {
  static constexpr int kDrop = 23 - kFormat.mantissa_bits;  // bits of a float below a code's last
  static constexpr uint32_t kLeastNormal = static_cast<uint32_t>(128 - kFormat.bias) << 23;
  static constexpr uint32_t kRebias = static_cast<uint32_t>(127 - kFormat.bias)
                                      << kFormat.mantissa_bits;
  static constexpr uint32_t kLargest = (kFormat.max_code() + kRebias) << kDrop;  // float bits
  static constexpr uint32_t kSign = kFormat.sign_bit();
  static constexpr int kSignShift = 31 - (kFormat.exponent_bits + kFormat.mantissa_bits);
  static constexpr bool kZeroHasSign = kFormat.specials != Specials::kZeroNan;
  /// Whether the device converts to it.
  static constexpr bool kNative = kFormat.exponent_bits == 4 &&
                                  kFormat.bias == (kGfx950 ? kE4m3fnFormat : kE4m3fnuzFormat).bias;
};

/// The code of a number. Added to a magnitude, 2^kDrop times its binade (that of the least normal
/// number below it) leaves units of the code's step: the code, less the binade's share.
template <Minifloat kFormat>
OCTET_DEVICE uint32_t encode_code(float x) {
  using Code = CodeFormat<kFormat>;
  const uint32_t size = as_bits(x) & 0x7fffffff;
  const uint32_t within = size < Code::kLargest ? size : Code::kLargest;
  const uint32_t exponent = within & 0x7f800000;
  const uint32_t binade = exponent > Code::kLeastNormal ? exponent : Code::kLeastNormal;
  const uint32_t magic = binade + (static_cast<uint32_t>(Code::kDrop) << 23);
  const uint32_t units = as_bits(as_float(within) + as_float(magic)) - magic;
  const uint32_t code = units + ((binade - Code::kLeastNormal) >> Code::kDrop);
  const uint32_t sign = as_bits(x) >> Code::kSignShift & Code::kSign;
  return code | (Code::kZeroHasSign || code != 0 ? sign : 0);
}

/// FP8 codes of four numbers, the first in the low byte.
template <Minifloat kFormat>
OCTET_DEVICE uint32_t encode_fp8x4(const float (&x)[4]) {
  if constexpr (CodeFormat<kFormat>::kNative) {
    const float most = as_float(CodeFormat<kFormat>::kLargest);
    const uint32_t low = to_fp8x2<false>(clamp(x[0], -most, most), clamp(x[1], -most, most), 0);
    return to_fp8x2<true>(clamp(x[2], -most, most), clamp(x[3], -most, most), low);
  } else {
    return encode_code<kFormat>(x[0]) | encode_code<kFormat>(x[1]) << 8 |
           encode_code<kFormat>(x[2]) << 16 | encode_code<kFormat>(x[3]) << 24;
  }
}

}  // namespace octet::gpu::hip
