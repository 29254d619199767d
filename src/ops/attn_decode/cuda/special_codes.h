// FP8 codes that are no numbers, four in a word. In products with weights that are zero they would
// make NaN of rows that do not see them, so they are counted by products of their own.
#pragma once

#include <cstdint>

#include "src/gpu/cuda/host_device.h"

namespace octet::ops::attn_decode {

/// 0xff where a code is NaN or, of e5m2, an infinity.
template <bool kE5m2>
OCTET_DEVICE uint32_t special_bytes(uint32_t codes) {
  // One more than the largest carries into the sign's bit.
  const uint32_t carried =
      kE5m2 ? (codes & 0x7c7c7c7c) + 0x04040404 : (codes & 0x7f7f7f7f) + 0x01010101;
  return (carried >> 7 & 0x01010101) * 255;
}

/// The code of 1 where a code is NaN or, of e5m2, an infinity of this sign; zero elsewhere.
template <bool kE5m2>
OCTET_DEVICE uint32_t ones_of_specials(uint32_t codes, bool negative) {
  const uint32_t special = special_bytes<kE5m2>(codes);
  if (!kE5m2) return special & 0x38383838;
  const uint32_t nan = (codes | codes >> 1) & 0x01010101;
  const uint32_t signs = (negative ? codes : ~codes) >> 7 & 0x01010101;
  return special & (nan | signs) * 255 & 0x3c3c3c3c;
}

}  // namespace octet::ops::attn_decode
