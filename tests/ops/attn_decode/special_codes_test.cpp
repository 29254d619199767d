// Codes that are no numbers, against the codecs: every code in every byte of a word.
#include "src/ops/attn_decode/cuda/special_codes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/core/formats.h"

namespace octet::ops::attn_decode {
namespace {

template <bool kE5m2>
void expect_every_code() {
  const Minifloat& format = kE5m2 ? kE5m2Format : kE4m3fnFormat;
  const uint32_t one = encode(format, 1.0f);
  for (uint32_t code = 0; code < 256; ++code) {
    const float value = decode(format, code);
    const bool special = !std::isfinite(value);
    for (int shift = 0; shift < 32; shift += 8) {
      for (const uint32_t others : {0x00000000u, 0x7a7a7a7au, 0xbbbbbbbbu}) {  // all are numbers
        const uint32_t word = (others & ~(0xffu << shift)) | code << shift;
        EXPECT_EQ(special_bytes<kE5m2>(word), special ? 0xffu << shift : 0) << std::hex << word;
        for (const bool negative : {false, true}) {
          const bool counts = special && (std::isnan(value) || std::signbit(value) == negative);
          EXPECT_EQ(ones_of_specials<kE5m2>(word, negative), counts ? one << shift : 0)
              << std::hex << word << (negative ? " negative" : " positive");
        }
      }
    }
  }
}

TEST(SpecialCodes, E4m3fn) { expect_every_code<false>(); }
TEST(SpecialCodes, E5m2) { expect_every_code<true>(); }

}  // namespace
}  // namespace octet::ops::attn_decode
