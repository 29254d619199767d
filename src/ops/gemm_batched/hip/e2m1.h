// Codes of e2m1 as what matrix instructions of gfx942 take, eight of a word at a time.
//
// Numerics   exact
#pragma once

#include "src/gpu/hip/convert.h"

namespace octet::ops::gemm_batched::hip {

using namespace gpu::hip;

/// Twice the values of the codes in the low four bits of each byte, as int8.
OCTET_DEVICE uint32_t e2m1_doubled(uint32_t codes) {
  const uint32_t magnitudes = codes & 0x07070707;
  const uint32_t positive = select_bytes(0x0c080604, 0x03020100, magnitudes);
  const uint32_t negative = select_bytes(0xf4f8fafc, 0xfdfeff00, magnitudes);
  const uint32_t signs = codes >> 3 & 0x01010101, mask = (signs << 8) - signs;
  return (positive & ~mask) | (negative & mask);
}
/// Codes 0, 2, 4, 6 of a word, then 1, 3, 5, 7.
OCTET_DEVICE Word2 e2m1_to_i8(uint32_t word) {
  return Word2{e2m1_doubled(word), e2m1_doubled(word >> 4)};
}

/// The upper and the lower bytes of bf16.
struct Bf16Bytes {
  uint32_t high, low;
};
OCTET_DEVICE Bf16Bytes e2m1_bf16_bytes(uint32_t codes) {
  const uint32_t magnitudes = codes & 0x07070707;
  return {select_bytes(0x40404040, 0x3f3f3f00, magnitudes) | (codes & 0x08080808) << 4,
          select_bytes(0xc0804000, 0xc0800000, magnitudes)};
}
/// The codes of a word in their order, as bf16.
OCTET_DEVICE Word4 e2m1_to_bf16(uint32_t word) {
  const Bf16Bytes even = e2m1_bf16_bytes(word), odd = e2m1_bf16_bytes(word >> 4);
  const uint32_t even01 = select_bytes(even.high, even.low, 0x05010400);
  const uint32_t even23 = select_bytes(even.high, even.low, 0x07030602);
  const uint32_t odd01 = select_bytes(odd.high, odd.low, 0x05010400);
  const uint32_t odd23 = select_bytes(odd.high, odd.low, 0x07030602);
  return Word4{select_bytes(odd01, even01, 0x05040100), select_bytes(odd01, even01, 0x07060302),
               select_bytes(odd23, even23, 0x05040100), select_bytes(odd23, even23, 0x07060302)};
}

}  // namespace octet::ops::gemm_batched::hip
