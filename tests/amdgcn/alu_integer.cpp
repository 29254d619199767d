// Vector integer arithmetic, shifts, bits and moves, of 32 and 16 bits.
#include "tests/amdgcn/alu_integer.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace octet::amdgcn {
namespace {

constexpr S s16(U v) { return static_cast<int16_t>(v); }

template <auto kF>
void unary(M&, Wave& w, const I& i) {
  map1(w, i, kF);
}
template <auto kF>
void binary(M&, Wave& w, const I& i) {
  map2(w, i, kF);
}
/// f(a, b) in 64 bits; clamp saturates to the range of T.
template <class T, auto kF>
void saturating(M&, Wave& w, const I& i) {
  if (i.modifiers.output_scale != 1) fail("an output scale of an integer");
  if (!i.modifiers.clamp) {
    return map2(w, i, [](U a, U b) -> U {
      return static_cast<std::make_unsigned_t<T>>(
          kF(int64_t{static_cast<T>(a)}, int64_t{static_cast<T>(b)}));
    });
  }
  map2(w, i, [](U a, U b) -> U {
    const int64_t value = kF(int64_t{static_cast<T>(a)}, int64_t{static_cast<T>(b)});
    const int64_t least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
    return static_cast<std::make_unsigned_t<T>>(std::clamp(value, least, most));
  });
}

constexpr auto kPlus = [](int64_t a, int64_t b) { return a + b; };
constexpr auto kMinus = [](int64_t a, int64_t b) { return a - b; };
constexpr auto kReverseMinus = [](int64_t a, int64_t b) { return b - a; };
constexpr auto kBfeU32 = [](U a, U offset, U width) -> U {
  width &= 31, offset &= 31;
  return a >> offset & ((1u << width) - 1);
};
constexpr auto kBfeI32 = [](U a, U offset, U width) -> U {
  offset &= 31, width = std::min(width & 31, 32 - offset);
  return width == 0 ? 0 : u(s(a << (32 - offset - width)) >> (32 - width));
};
constexpr auto kFirstLow = [](U a) -> U {
  return a == 0 ? ~0u : static_cast<U>(std::countr_zero(a));
};
constexpr auto kFirstHigh = [](U a) -> U {
  return a == 0 ? ~0u : static_cast<U>(std::countl_zero(a));
};
constexpr auto kFirstSign = [](U a) -> U {
  const U flipped = s(a) < 0 ? ~a : a;
  return flipped == 0 ? ~0u : static_cast<U>(std::countl_zero(flipped));
};
constexpr auto kReverse = [](U a) {
  U r = 0;
  for (int bit = 0; bit < 32; ++bit) r |= (a >> bit & 1) << (31 - bit);
  return r;
};
constexpr U u24(U a) { return a & 0xffffff; }
constexpr S s24(U a) { return s(a << 8) >> 8; }

template <auto kF>
constexpr auto kMedian = [](U a, U b, U c) {
  const auto x = kF(a), y = kF(b), z = kF(c);
  return static_cast<U>(std::max(std::min(x, y), std::min(std::max(x, y), z)));
};
constexpr auto kUnsigned = [](U a) { return a; };

const Entry kEntries[] = {
    {"v_nop", [](M&, Wave&, const I&) {}, kNoResult},
    {"v_mov_b32", unary<[](U a) { return a; }>},
    {"v_accvgpr_write_b32", unary<[](U a) { return a; }>},
    {"v_accvgpr_read_b32", unary<[](U a) { return a; }>},
    {"v_accvgpr_mov_b32", unary<[](U a) { return a; }>},
    {"v_not_b32", unary<[](U a) { return ~a; }>},
    {"v_bfrev_b32", unary<kReverse>},
    {"v_ffbl_b32", unary<kFirstLow>},
    {"v_ffbh_u32", unary<kFirstHigh>},
    {"v_ffbh_i32", unary<kFirstSign>},
    {"v_add_u32", saturating<U, kPlus>, kOutput},
    {"v_sub_u32", saturating<U, kMinus>, kOutput},
    {"v_subrev_u32", saturating<U, kReverseMinus>, kOutput},
    {"v_add_i32", saturating<S, kPlus>, kOutput},
    {"v_sub_i32", saturating<S, kMinus>, kOutput},
    {"v_and_b32", binary<[](U a, U b) { return a & b; }>},
    {"v_or_b32", binary<[](U a, U b) { return a | b; }>},
    {"v_xor_b32", binary<[](U a, U b) { return a ^ b; }>},
    {"v_xnor_b32", binary<[](U a, U b) { return ~(a ^ b); }>},
    {"v_lshlrev_b32", binary<[](U a, U b) { return b << (a & 31); }>},
    {"v_lshrrev_b32", binary<[](U a, U b) { return (b >> (a & 31)); }>},
    {"v_ashrrev_i32", binary<[](U a, U b) { return u(s(b) >> (a & 31)); }>},
    {"v_mul_lo_u32", binary<[](U a, U b) { return a * b; }>},
    {"v_mul_hi_u32", binary<[](U a, U b) { return static_cast<U>(uint64_t{a} * b >> 32); }>},
    {"v_mul_hi_i32", binary<[](U a, U b) { return static_cast<U>(int64_t{s(a)} * s(b) >> 32); }>},
    {"v_mul_u32_u24", binary<[](U a, U b) { return u24(a) * u24(b); }>},
    {"v_mul_i32_i24", binary<[](U a, U b) { return static_cast<U>(int64_t{s24(a)} * s24(b)); }>},
    {"v_mul_hi_u32_u24",
     binary<[](U a, U b) { return static_cast<U>(uint64_t{u24(a)} * u24(b) >> 32); }>},
    {"v_min_u32", binary<[](U a, U b) { return std::min(a, b); }>},
    {"v_max_u32", binary<[](U a, U b) { return std::max(a, b); }>},
    {"v_min_i32", binary<[](U a, U b) { return u(std::min(s(a), s(b))); }>},
    {"v_max_i32", binary<[](U a, U b) { return u(std::max(s(a), s(b))); }>},
    {"v_bcnt_u32_b32", binary<[](U a, U b) { return static_cast<U>(std::popcount(a)) + b; }>},
    {"v_bfm_b32", binary<[](U a, U b) { return ((1u << (a & 31)) - 1) << (b & 31); }>},
    {"v_add_u16", saturating<uint16_t, kPlus>, kHalf | kOutput},
    {"v_sub_u16", saturating<uint16_t, kMinus>, kHalf | kOutput},
    {"v_subrev_u16", saturating<uint16_t, kReverseMinus>, kHalf | kOutput},
    {"v_add_i16", saturating<int16_t, kPlus>, kHalf | kOutput},
    {"v_sub_i16", saturating<int16_t, kMinus>, kHalf | kOutput},
    {"v_mul_lo_u16", binary<[](U a, U b) { return (a & 0xffff) * (b & 0xffff) & 0xffff; }>, kHalf},
    {"v_lshlrev_b16", binary<[](U a, U b) { return b << (a & 15) & 0xffff; }>, kHalf},
    {"v_lshrrev_b16", binary<[](U a, U b) { return ((b & 0xffff) >> (a & 15)); }>, kHalf},
    {"v_ashrrev_i16", binary<[](U a, U b) { return u(s16(b) >> (a & 15)) & 0xffff; }>, kHalf},
    {"v_min_u16", binary<[](U a, U b) { return std::min(a & 0xffff, b & 0xffff); }>, kHalf},
    {"v_max_u16", binary<[](U a, U b) { return std::max(a & 0xffff, b & 0xffff); }>, kHalf},
    {"v_min_i16", binary<[](U a, U b) { return u(std::min(s16(a), s16(b))) & 0xffff; }>, kHalf},
    {"v_max_i16", binary<[](U a, U b) { return u(std::max(s16(a), s16(b))) & 0xffff; }>, kHalf},
    {"v_add3_u32", ternary<[](U a, U b, U c) { return a + b + c; }>},
    {"v_add_lshl_u32", ternary<[](U a, U b, U c) { return (a + b) << (c & 31); }>},
    {"v_lshl_add_u32", ternary<[](U a, U b, U c) { return (a << (b & 31)) + c; }>},
    {"v_lshl_or_b32", ternary<[](U a, U b, U c) { return (a << (b & 31)) | c; }>},
    {"v_and_or_b32", ternary<[](U a, U b, U c) { return (a & b) | c; }>},
    {"v_or3_b32", ternary<[](U a, U b, U c) { return a | b | c; }>},
    {"v_xad_u32", ternary<[](U a, U b, U c) { return (a ^ b) + c; }>},
    {"v_bfe_u32", ternary<kBfeU32>},
    {"v_bfe_i32", ternary<kBfeI32>},
    {"v_bfi_b32", ternary<[](U a, U b, U c) { return (a & b) | (~a & c); }>},
    {"v_mad_u32_u24", ternary<[](U a, U b, U c) { return u24(a) * u24(b) + c; }>},
    {"v_mad_i32_i24",
     ternary<[](U a, U b, U c) { return static_cast<U>(int64_t{s24(a)} * s24(b)) + c; }>},
    {"v_min3_u32", ternary<[](U a, U b, U c) {
       return std::min({a, b, c});
     }>},
    {"v_max3_u32", ternary<[](U a, U b, U c) {
       return std::max({a, b, c});
     }>},
    {"v_min3_i32", ternary<[](U a, U b, U c) {
       return u(std::min({s(a), s(b), s(c)}));
     }>},
    {"v_max3_i32", ternary<[](U a, U b, U c) {
       return u(std::max({s(a), s(b), s(c)}));
     }>},
    {"v_med3_u32", ternary<kMedian<kUnsigned>>},
    {"v_med3_i32", ternary<kMedian<s>>},
};

}  // namespace

std::span<const Entry> integer_entries() { return kEntries; }

}  // namespace octet::amdgcn
