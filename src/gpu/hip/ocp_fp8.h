// OCP e4m3 codes in the FP8 arithmetic of either device.
//
// Numerics   exact. gfx950's FP8 is OCP e4m3. On gfx942 it is e4m3fnuz, whose exponent bias is one
//            more: the same bits, subnormals included, mean half the value, but for 0x80 (OCP -0,
//            there NaN) and 0x7f, 0xff (OCP NaN, there 240). These three are rewritten.
#pragma once

#include "src/gpu/hip/kernel.h"

namespace octet::gpu::hip {

/// A product of two codes on the device is that of their values times 2^-kOcpProductShift.
inline constexpr int kOcpProductShift = kGfx950 ? 0 : 2;

/// Four OCP codes as the device's: of the same value on gfx950, half of it on gfx942.
OCTET_DEVICE uint32_t device_fp8(uint32_t codes) {
  if constexpr (kGfx950) return codes;
  const uint32_t magnitudes = codes & 0x7f7f7f7fu;
  const uint32_t not_zero = magnitudes + 0x7f7f7f7fu;  // in bit 7 of a byte
  const uint32_t nan = (magnitudes + 0x01010101u) >> 7 & 0x01010101u;
  return (magnitudes + nan) | (codes & not_zero & 0x80808080u);  // 0x7f + 1 is NaN
}
OCTET_DEVICE Word4 device_fp8(Word4 codes) {
  if constexpr (kGfx950) return codes;
  return Word4{device_fp8(codes[0]), device_fp8(codes[1]), device_fp8(codes[2]),
               device_fp8(codes[3])};
}

}  // namespace octet::gpu::hip
