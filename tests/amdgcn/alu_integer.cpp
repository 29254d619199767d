// Vector integer arithmetic, shifts, bits and moves.
#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;
using U = uint32_t;
using S = int32_t;

constexpr S s(U v) { return static_cast<S>(v); }
constexpr U u(S v) { return static_cast<U>(v); }
constexpr S s16(U v) { return static_cast<int16_t>(v); }

template <auto kF>
void unary(M&, Wave& w, const I& i) {
  map1(w, i, kF);
}
template <auto kF>
void binary(M&, Wave& w, const I& i) {
  map2(w, i, kF);
}
template <auto kF>
void ternary(M&, Wave& w, const I& i) {
  map3(w, i, kF);
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

/// 64-bit result of f(lane).
template <class F>
void write64(Wave& w, const I& i, F f) {
  Row low, high;
  for (int l = 0; l < kLanes; ++l) {
    const uint64_t value = f(l);
    low.lane[l] = static_cast<U>(value), high.lane[l] = static_cast<U>(value >> 32);
  }
  write_lanes(w, i.operand(0), 0, low);
  write_lanes(w, i.operand(0), 1, high);
}
template <auto kF>
void shift64(M&, Wave& w, const I& i) {  // the shift comes first
  write64(w, i, [&](int l) {
    return kF(lane64(w, i.operand(2), l), static_cast<U>(lane64(w, i.operand(1), l)) & 63);
  });
}
void shift_add64(M&, Wave& w, const I& i) {
  write64(w, i, [&](int l) {
    const U shift = static_cast<U>(lane64(w, i.operand(2), l)) & 7;
    return (lane64(w, i.operand(1), l) << shift) + lane64(w, i.operand(3), l);
  });
}
template <bool kSigned>
void multiply_add64(M&, Wave& w, const I& i) {  // result, carry, a, b, c
  uint64_t carry = 0;
  write64(w, i, [&](int l) {
    const U a = static_cast<U>(lane64(w, i.operand(2), l)),
            b = static_cast<U>(lane64(w, i.operand(3), l));
    const uint64_t product =
        kSigned ? static_cast<uint64_t>(int64_t{s(a)} * s(b)) : uint64_t{a} * b;
    const uint64_t sum = product + lane64(w, i.operand(4), l);
    if (sum < product) carry |= uint64_t{1} << l;
    return sum;
  });
  w.set_pair(i.operand(1).first, carry & w.mask);
}
void move64(M&, Wave& w, const I& i) {
  write64(w, i, [&](int l) { return lane64(w, i.operand(1), l); });
}

/// result, carry out, a, b (, carry in): f gives a sum of 33 bits.
template <auto kF, bool kCarryIn>
void carrying(M&, Wave& w, const I& i) {
  Row a_scratch, b_scratch, out;
  const U* a = source_row(w, i, 2, a_scratch);
  const U* b = source_row(w, i, 3, b_scratch);
  const uint64_t in = kCarryIn ? scalar64(w, i.operand(4)) : 0;
  uint64_t carry = 0;
  for (int l = 0; l < kLanes; ++l) {
    const uint64_t sum = kF(uint64_t{a[l]}, uint64_t{b[l]}, in >> l & 1);
    out.lane[l] = static_cast<U>(sum);
    carry |= (sum >> 32 & 1) << l;
  }
  write_row(w, i, out);
  w.set_pair(i.operand(1).first, carry & w.mask);
}

void select(M&, Wave& w, const I& i) {
  Row a_scratch, b_scratch, out;
  const U* a = source_row(w, i, 1, a_scratch);
  const U* b = source_row(w, i, 2, b_scratch);
  const uint64_t mask = i.num_operands > 3 ? scalar64(w, i.operand(3)) : w.vcc();
  for (int l = 0; l < kLanes; ++l) out.lane[l] = (mask >> l & 1) != 0 ? b[l] : a[l];
  write_row(w, i, out);
  // An undefined source matters only in the lanes that take it.
  const auto undefined = [&](int n) {
    const Operand& o = i.operand(n);
    if (o.kind == OperandKind::kVector) return w.undefined[o.first];
    return o.kind == OperandKind::kScalar && w.sgpr_undefined[o.first] != 0 ? ~uint64_t{0} : 0;
  };
  uint64_t unknown = (undefined(1) & ~mask) | (undefined(2) & mask);
  if (i.modifiers.dpp != DppControl::kNone) {
    unknown = (dpp_undefined(i.modifiers, undefined(1)) & ~mask) | (undefined(2) & mask);
  }
  unknown |= i.num_operands > 3 && i.operand(3).kind == OperandKind::kScalar
                 ? w.pair_undefined(i.operand(3).first)
                 : 0;
  uint64_t& lanes = w.undefined[i.operand(0).first];
  lanes = (lanes & ~w.mask) | (unknown & w.mask);
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

constexpr uint32_t kCarryOut = kTwoResults, kCarryInOut = kTwoResults | kLaneMask;

const Entry kEntries[] = {
    {"v_nop", [](M&, Wave&, const I&) {}, kNoResult},
    {"v_mov_b32", unary<[](U a) { return a; }>},
    {"v_mov_b64", move64, kLowFirst},
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
    {"v_alignbit_b32",
     ternary<[](U a, U b, U c) { return static_cast<U>(((uint64_t{a} << 32 | b) >> (c & 31))); }>},
    {"v_alignbyte_b32", ternary<[](U a, U b, U c) {
       return static_cast<U>((uint64_t{a} << 32 | b) >> (8 * (c & 3)));
     }>},
    {"v_perm_b32", ternary<kPermute>},
    {"v_bitop3_b32", bit_operation3<~0u>},
    {"v_bitop3_b16", bit_operation3<0xffff>, kHalf},
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
    {"v_mad_u64_u32", multiply_add64<false>, kTwoResults | kLowFirst},
    {"v_mad_i64_i32", multiply_add64<true>, kTwoResults | kLowFirst},
    {"v_lshl_add_u64", shift_add64, kLowFirst},
    {"v_lshlrev_b64", shift64<[](uint64_t a, U b) { return a << b; }>},
    {"v_lshrrev_b64", shift64<[](uint64_t a, U b) { return (a >> b); }>},
    {"v_ashrrev_i64",
     shift64<[](uint64_t a, U b) { return static_cast<uint64_t>(static_cast<int64_t>(a) >> b); }>},
    {"v_add_co_u32", carrying<[](auto a, auto b, auto) { return a + b; }, false>, kCarryOut},
    {"v_sub_co_u32", carrying<[](auto a, auto b, auto) { return a - b; }, false>, kCarryOut},
    {"v_subrev_co_u32", carrying<[](auto a, auto b, auto) { return b - a; }, false>, kCarryOut},
    {"v_addc_co_u32", carrying<[](auto a, auto b, auto c) { return a + b + c; }, true>,
     kCarryInOut},
    {"v_subb_co_u32", carrying<[](auto a, auto b, auto c) { return a - b - c; }, true>,
     kCarryInOut},
    {"v_subbrev_co_u32", carrying<[](auto a, auto b, auto c) { return b - a - c; }, true>,
     kCarryInOut},
    {"v_cndmask_b32", select, kLaneMask | kOwnShadow},
};

}  // namespace

std::span<const Entry> integer_entries() { return kEntries; }

}  // namespace octet::amdgcn
