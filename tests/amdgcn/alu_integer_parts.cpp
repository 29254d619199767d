// Vector integer instructions on the parts of registers: dot products, bytes and tables of bits.
#include <algorithm>

#include "tests/amdgcn/alu_integer.h"

namespace octet::amdgcn {
namespace {

/// f(a, b, old value of the result).
template <auto kF>
void accumulating(M&, Wave& w, const I& i) {
  Row a_scratch, b_scratch, out;
  const U* a = source_row(w, i, 1, a_scratch);
  const U* b = source_row(w, i, 2, b_scratch);
  const U* old = w.vgpr[i.operand(0).first];
  for (int l = 0; l < kLanes; ++l) out.lane[l] = kF(a[l], b[l], old[l]);
  write_row(w, i, out);
}

U byte_of(uint64_t pair, U selector) {
  if (selector < 8) return static_cast<U>(pair >> (8 * selector)) & 255;
  if (selector >= 13) return 255;
  if (selector == 12) return 0;
  const U sign_byte = selector - 8;  // 8 to 11: the sign of bytes 1, 3, 5, 7
  return (pair >> (16 * sign_byte + 15) & 1) != 0 ? 255 : 0;
}
constexpr auto kPermute = [](U a, U b, U selectors) {
  const uint64_t pair = uint64_t{a} << 32 | b;
  U result = 0;
  for (U n = 0; n < 4; ++n) result |= byte_of(pair, selectors >> (8 * n) & 255) << (8 * n);
  return result;
};

template <U kOnes>
void bit_operation3(M&, Wave& w, const I& i) {
  const U table = i.modifiers.bitop3;
  map3(w, i, [table](U a, U b, U c) {
    U result = 0;
    for (U k = 0; k < 8; ++k) {
      if ((table >> k & 1) == 0) continue;
      result |= ((k & 4) != 0 ? a : ~a) & ((k & 2) != 0 ? b : ~b) & ((k & 1) != 0 ? c : ~c);
    }
    return result & kOnes;
  });
}

constexpr auto kSad = [](U a, U b, U c) { return (a > b ? a - b : b - a) + c; };
/// Dot products of four bytes; the integer sum wraps.
template <class T>
constexpr auto kDot4 = [](U a, U b, U c) {
  U sum = c;
  for (int n = 0; n < 32; n += 8) {
    sum += static_cast<U>(S{static_cast<T>(a >> n)} * S{static_cast<T>(b >> n)});
  }
  return sum;
};
template <class T>
constexpr auto kDot2 = [](U a, U b, U c) {
  U sum = c;
  for (int n = 0; n < 32; n += 16) {
    sum += static_cast<U>(int64_t{static_cast<T>(a >> n)} * int64_t{static_cast<T>(b >> n)});
  }
  return sum;
};
constexpr auto kDot8 = [](U a, U b, U c) {
  U sum = c;
  for (int n = 0; n < 32; n += 4) {
    sum += static_cast<U>((s(a << (28 - n)) >> 28) * (s(b << (28 - n)) >> 28));
  }
  return sum;
};
template <int kBits>
constexpr auto kShiftPack = [](U a, U b, U shift) {
  const auto saturate = [shift](U v) {
    const S shifted = s(v) >> (shift & 31);
    const S most = kBits == 8 ? 127 : 255, least = kBits == 8 ? -128 : 0;
    return u(std::clamp(shifted, least, most)) & 255;
  };
  return saturate(a) | saturate(b) << 8;
};

const Entry kEntries[] = {
    {"v_alignbit_b32",
     ternary<[](U a, U b, U c) { return static_cast<U>(((uint64_t{a} << 32 | b) >> (c & 31))); }>},
    {"v_alignbyte_b32", ternary<[](U a, U b, U c) {
       return static_cast<U>((uint64_t{a} << 32 | b) >> (8 * (c & 3)));
     }>},
    {"v_perm_b32", ternary<kPermute>},
    {"v_bitop3_b32", bit_operation3<~0u>},
    {"v_bitop3_b16", bit_operation3<0xffff>, kHalf},
    {"v_sad_u32", ternary<kSad>},
    {"v_ashr_pk_i8_i32", ternary<kShiftPack<8>>},
    {"v_ashr_pk_u8_i32", ternary<kShiftPack<9>>},
    {"v_dot4_i32_i8", ternary<kDot4<int8_t>>},
    {"v_dot4_u32_u8", ternary<kDot4<uint8_t>>},
    {"v_dot2_i32_i16", ternary<kDot2<int16_t>>},
    {"v_dot2_u32_u16", ternary<kDot2<uint16_t>>},
    {"v_dot8_i32_i4", ternary<kDot8>},
    {"v_dot4c_i32_i8", accumulating<kDot4<int8_t>>, kAccumulates},
    {"v_dot2c_i32_i16", accumulating<kDot2<int16_t>>, kAccumulates},
    {"v_dot8c_i32_i4", accumulating<kDot8>, kAccumulates},
};

}  // namespace

std::span<const Entry> integer_part_entries() { return kEntries; }

}  // namespace octet::amdgcn
