// Scalar logic, shifts, fields and counts of bits.
#include <algorithm>
#include <bit>

#include "tests/amdgcn/alu_scalar.h"
#include "tests/amdgcn/families.h"

namespace octet::amdgcn {
namespace {

/// 64-bit source, 32-bit result.
template <auto kF, bool kScc = false>
void narrow(M&, Wave& w, const I& i) {
  const uint32_t result = kF(scalar64(w, i.operand(1)));
  write_scalar32(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}

/// Bits [4:0] of b are the offset, [22:16] the width.
constexpr auto kBfeU32 = [](uint32_t a, uint32_t b) -> uint32_t {
  const uint32_t offset = b & 31, width = b >> 16 & 127;
  return width >= 32 ? a >> offset : a >> offset & ((1u << width) - 1);
};
constexpr auto kBfeI32 = [](uint32_t a, uint32_t b) -> uint32_t {
  const uint32_t offset = b & 31, width = std::min(b >> 16 & 127, 32 - offset);
  return width == 0 ? 0 : u(s(a << (32 - offset - width)) >> (32 - width));
};
void bfe64(M&, Wave& w, const I& i, bool sign) {
  const uint64_t a = scalar64(w, i.operand(1));
  const uint32_t b = scalar32(w, i.operand(2)), offset = b & 63;
  const uint32_t width = std::min(b >> 16 & 127, 64 - offset);
  uint64_t result = 0;
  if (width != 0) {
    const uint64_t up = a << (64 - offset - width);
    result =
        sign ? static_cast<uint64_t>(static_cast<int64_t>(up) >> (64 - width)) : up >> (64 - width);
  }
  write_scalar64(w, i.operand(0), result);
  w.scc = result != 0;
}

template <bool kValue>
void set_bit(M&, Wave& w, const I& i) {
  const uint32_t bit = 1u << (scalar32(w, i.operand(1)) & 31), old = w.sgpr[i.operand(0).first];
  write_scalar32(w, i.operand(0), kValue ? old | bit : old & ~bit);
}
void bit_mask(M&, Wave& w, const I& i) {
  const uint32_t width = scalar32(w, i.operand(1)) & 31, offset = scalar32(w, i.operand(2)) & 31;
  write_scalar32(w, i.operand(0), ((1u << width) - 1) << offset);
}

/// What is undefined after a AND b (or a AND NOT b): not what the other operand makes zero.
template <int kWords, bool kNot>
void logical_and(M&, Wave& w, const I& i) {
  const auto bits = [&](const Operand& o, int part, uint32_t& undefined) {
    undefined = o.kind == OperandKind::kScalar ? w.sgpr_undefined[o.first + part] : 0;
    return scalar32(w, o, part);
  };
  uint32_t results[2], undefined[2];
  for (int part = 0; part < kWords; ++part) {
    uint32_t a_unknown = 0, b_unknown = 0;
    const uint32_t a = bits(i.operand(1), part, a_unknown);
    uint32_t b = bits(i.operand(2), part, b_unknown);
    if (kNot) b = ~b;
    results[part] = a & b;
    undefined[part] = (a_unknown & (b_unknown | b)) | (b_unknown & (a_unknown | a));
  }
  bool unknown = false, set = false;
  for (int part = 0; part < kWords; ++part) {
    w.sgpr[i.operand(0).first + part] = results[part];
    w.sgpr_undefined[i.operand(0).first + part] = undefined[part];
    unknown = unknown || undefined[part] != 0;
    set = set || results[part] != 0;
  }
  w.scc = set, w.scc_undefined = unknown;
  if (i.operand(0).first >= kExec && w.pair_undefined(kExec) != 0) {
    fail("EXEC becomes an undefined value");
  }
}

constexpr auto kNand = [](auto a, auto b) { return ~(a & b); };
constexpr auto kNor = [](auto a, auto b) { return ~(a | b); };
constexpr auto kXnor = [](auto a, auto b) { return ~(a ^ b); };
constexpr auto kNot = [](auto a) { return ~a; };
constexpr auto kLeft = [](uint32_t a, uint32_t b) { return a << (b & 31); };
constexpr auto kRight = [](uint32_t a, uint32_t b) { return a >> (b & 31); };
constexpr auto kRightSigned = [](uint32_t a, uint32_t b) { return u(s(a) >> (b & 31)); };
constexpr auto kLeft64 = [](uint64_t a, uint64_t b) { return a << (b & 63); };
constexpr auto kRight64 = [](uint64_t a, uint64_t b) { return a >> (b & 63); };
constexpr auto kRightSigned64 = [](uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<int64_t>(a) >> (b & 63));
};
constexpr auto kExtend8 = [](uint32_t a) { return u(static_cast<int8_t>(a)); };
constexpr auto kExtend16 = [](uint32_t a) { return u(static_cast<int16_t>(a)); };
constexpr auto kReverse = [](uint32_t a) {
  uint32_t r = 0;
  for (int bit = 0; bit < 32; ++bit) r |= (a >> bit & 1) << (31 - bit);
  return r;
};
constexpr auto kPopcount = [](auto a) { return static_cast<uint32_t>(std::popcount(a)); };
constexpr auto kZeros32 = [](uint32_t a) { return static_cast<uint32_t>(std::popcount(~a)); };
constexpr auto kZeros64 = [](uint64_t a) { return static_cast<uint32_t>(std::popcount(~a)); };
constexpr auto kFirstOne = [](auto a) -> uint32_t {
  return a == 0 ? ~0u : static_cast<uint32_t>(std::countr_zero(a));
};
constexpr auto kFirstZero = [](auto a) -> uint32_t {
  return kFirstOne(static_cast<decltype(a)>(~a));
};
constexpr auto kLeadingZeros = [](auto a) -> uint32_t {
  return a == 0 ? ~0u : static_cast<uint32_t>(std::countl_zero(a));
};
constexpr auto kLeadingSign = [](uint32_t a) -> uint32_t {
  const uint32_t flipped = s(a) < 0 ? ~a : a;
  return flipped == 0 ? ~0u : static_cast<uint32_t>(std::countl_zero(flipped));
};
constexpr auto kPackLow = [](uint32_t a, uint32_t b) { return (a & 0xffff) | b << 16; };
constexpr auto kPackLowHigh = [](uint32_t a, uint32_t b) { return (a & 0xffff) | (b & ~0xffffu); };
constexpr auto kPackHigh = [](uint32_t a, uint32_t b) { return a >> 16 | (b & ~0xffffu); };

constexpr uint32_t kBits = kBitwise | kWritesScc;

const Entry kEntries[] = {
    {"s_not_b32", unary32<kNot, true>, kBits},
    {"s_not_b64", unary64<kNot, true>, kBits},
    {"s_brev_b32", unary32<kReverse>},
    {"s_bcnt0_i32_b32", unary32<kZeros32, true>, kWritesScc},
    {"s_bcnt0_i32_b64", narrow<kZeros64, true>, kWritesScc},
    {"s_bcnt1_i32_b32", unary32<kPopcount, true>, kWritesScc},
    {"s_bcnt1_i32_b64", narrow<kPopcount, true>, kWritesScc},
    {"s_ff0_i32_b32", unary32<kFirstZero>},
    {"s_ff0_i32_b64", narrow<kFirstZero>},
    {"s_ff1_i32_b32", unary32<kFirstOne>},
    {"s_ff1_i32_b64", narrow<kFirstOne>},
    {"s_flbit_i32_b32", unary32<kLeadingZeros>},
    {"s_flbit_i32_b64", narrow<kLeadingZeros>},
    {"s_flbit_i32", unary32<kLeadingSign>},
    {"s_sext_i32_i8", unary32<kExtend8>},
    {"s_sext_i32_i16", unary32<kExtend16>},
    {"s_bitset0_b32", set_bit<false>, kAccumulates},
    {"s_bitset1_b32", set_bit<true>, kAccumulates},
    {"s_bfm_b32", bit_mask},
    {"s_lshl_b32", binary32<kLeft, true>, kWritesScc},
    {"s_lshr_b32", binary32<kRight, true>, kWritesScc},
    {"s_ashr_i32", binary32<kRightSigned, true>, kWritesScc},
    {"s_lshl_b64", binary64<kLeft64>, kWritesScc},
    {"s_lshr_b64", binary64<kRight64>, kWritesScc},
    {"s_ashr_i64", binary64<kRightSigned64>, kWritesScc},
    {"s_bfe_u32", binary32<kBfeU32, true>, kWritesScc},
    {"s_bfe_i32", binary32<kBfeI32, true>, kWritesScc},
    {"s_bfe_u64", [](M& m, Wave& w, const I& i) { bfe64(m, w, i, false); }, kWritesScc},
    {"s_bfe_i64", [](M& m, Wave& w, const I& i) { bfe64(m, w, i, true); }, kWritesScc},
    {"s_and_b32", logical_and<1, false>, kOwnShadow},
    {"s_and_b64", logical_and<2, false>, kOwnShadow},
    {"s_andn2_b32", logical_and<1, true>, kOwnShadow},
    {"s_andn2_b64", logical_and<2, true>, kOwnShadow},
    {"s_or_b32", binary32<kOr, true>, kBits},
    {"s_or_b64", binary64<kOr>, kBits},
    {"s_xor_b32", binary32<kXor, true>, kBits},
    {"s_xor_b64", binary64<kXor>, kBits},
    {"s_orn2_b32", binary32<kOrNot, true>, kBits},
    {"s_orn2_b64", binary64<kOrNot>, kBits},
    {"s_nand_b32", binary32<kNand, true>, kBits},
    {"s_nand_b64", binary64<kNand>, kBits},
    {"s_nor_b32", binary32<kNor, true>, kBits},
    {"s_nor_b64", binary64<kNor>, kBits},
    {"s_xnor_b32", binary32<kXnor, true>, kBits},
    {"s_xnor_b64", binary64<kXnor>, kBits},
    {"s_pack_ll_b32_b16", binary32<kPackLow>},
    {"s_pack_lh_b32_b16", binary32<kPackLowHigh>},
    {"s_pack_hh_b32_b16", binary32<kPackHigh>},
};

}  // namespace

std::span<const Entry> scalar_logic_entries() { return kEntries; }

}  // namespace octet::amdgcn
