// Scalar arithmetic, logic, comparisons, branches and control.
#include <algorithm>
#include <bit>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

// Lambdas as template arguments become handlers: no call through a pointer for each operation.
template <auto kF, bool kScc = false>
void binary32(M&, Wave& w, const I& i) {
  const uint32_t result = kF(scalar32(w, i.operand(1)), scalar32(w, i.operand(2)));
  write_scalar32(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
template <auto kF, bool kScc = true>
void binary64(M&, Wave& w, const I& i) {
  const uint64_t result = kF(scalar64(w, i.operand(1)), scalar64(w, i.operand(2)));
  write_scalar64(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
/// f gives the result and sets the carry.
template <auto kF>
void carrying32(M&, Wave& w, const I& i) {
  bool scc = w.scc;
  const uint32_t result = kF(scalar32(w, i.operand(1)), scalar32(w, i.operand(2)), scc);
  write_scalar32(w, i.operand(0), result);
  w.scc = scc;
}
template <auto kF, bool kScc = false>
void unary32(M&, Wave& w, const I& i) {
  const uint32_t result = kF(scalar32(w, i.operand(1)));
  write_scalar32(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
template <auto kF, bool kScc = false>
void unary64(M&, Wave& w, const I& i) {
  const uint64_t result = kF(scalar64(w, i.operand(1)));
  write_scalar64(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
/// 64-bit source, 32-bit result.
template <auto kF, bool kScc = false>
void narrow(M&, Wave& w, const I& i) {
  const uint32_t result = kF(scalar64(w, i.operand(1)));
  write_scalar32(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
template <auto kF>
void compare32(M&, Wave& w, const I& i) {
  w.scc = kF(scalar32(w, i.operand(0)), scalar32(w, i.operand(1)));
}
template <auto kF>
void compare64(M&, Wave& w, const I& i) {
  w.scc = kF(scalar64(w, i.operand(0)), scalar64(w, i.operand(1)));
}
/// The 16-bit literal of s_movk_i32 and its like is sign-extended.
uint32_t immediate16(const I& i) {
  return static_cast<uint32_t>(static_cast<int16_t>(i.operand(1).literal));
}
template <auto kF>
void compare_immediate(M&, Wave& w, const I& i) {
  w.scc = kF(scalar32(w, i.operand(0)), immediate16(i));
}
template <auto kF>
void compare_immediate_unsigned(M&, Wave& w, const I& i) {
  w.scc = kF(scalar32(w, i.operand(0)), static_cast<uint32_t>(i.operand(1).literal & 0xffff));
}

constexpr int32_t s(uint32_t v) { return static_cast<int32_t>(v); }
constexpr uint32_t u(int32_t v) { return static_cast<uint32_t>(v); }

constexpr auto kAdd = [](uint32_t a, uint32_t b, bool& scc) {
  const uint64_t sum = uint64_t{a} + b;
  scc = sum >> 32 != 0;
  return static_cast<uint32_t>(sum);
};
constexpr auto kAddCarry = [](uint32_t a, uint32_t b, bool& scc) {
  const uint64_t sum = uint64_t{a} + b + scc;
  scc = sum >> 32 != 0;
  return static_cast<uint32_t>(sum);
};
constexpr auto kSub = [](uint32_t a, uint32_t b, bool& scc) {
  scc = b > a;
  return a - b;
};
constexpr auto kSubBorrow = [](uint32_t a, uint32_t b, bool& scc) {
  const uint64_t take = uint64_t{b} + scc;
  scc = take > a;
  return static_cast<uint32_t>(a - take);
};
constexpr auto kAddSigned = [](uint32_t a, uint32_t b, bool& scc) {
  const uint32_t sum = a + b;
  scc = s((a ^ sum) & (b ^ sum)) < 0;
  return sum;
};
constexpr auto kSubSigned = [](uint32_t a, uint32_t b, bool& scc) {
  const uint32_t difference = a - b;
  scc = s((a ^ b) & (a ^ difference)) < 0;
  return difference;
};
template <bool kSigned, bool kMax>
constexpr auto kChoose = [](uint32_t a, uint32_t b, bool& scc) {
  const bool less = kSigned ? s(a) < s(b) : a < b;
  scc = kMax ? !less || a == b : less;
  return less != kMax ? a : b;
};
template <int kShift>
constexpr auto kShiftAdd = [](uint32_t a, uint32_t b, bool& scc) {
  const uint64_t sum = (uint64_t{a} << kShift) + b;
  scc = sum >> 32 != 0;
  return static_cast<uint32_t>(sum);
};

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

void mul_immediate(M&, Wave& w, const I& i) {
  write_scalar32(w, i.operand(0), scalar32(w, i.operand(0)) * immediate16(i));
}
void add_immediate(M&, Wave& w, const I& i) {
  bool scc = false;
  write_scalar32(w, i.operand(0), kAddSigned(scalar32(w, i.operand(0)), immediate16(i), scc));
  w.scc = scc;
}
template <bool kWide>
void select(M&, Wave& w, const I& i) {
  const Operand& from = i.operand(w.scc ? 1 : 2);
  if (kWide) return write_scalar64(w, i.operand(0), scalar64(w, from));
  write_scalar32(w, i.operand(0), scalar32(w, from));
}
template <bool kWide>
void move_if(M&, Wave& w, const I& i) {
  if (!w.scc) return;
  if (kWide) return write_scalar64(w, i.operand(0), scalar64(w, i.operand(1)));
  write_scalar32(w, i.operand(0), scalar32(w, i.operand(1)));
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

template <auto kF>
void save_exec(M&, Wave& w, const I& i) {
  const uint64_t old = w.exec(), result = kF(scalar64(w, i.operand(1)), old);
  write_scalar64(w, i.operand(0), old);
  w.set_pair(kExec, result);
  w.scc = result != 0;
}

template <auto kF>
void branch(M&, Wave& w, const I& i) {
  if (kF(w)) w.pc = i.target;
}
void nothing(M&, Wave&, const I&) {}
void barrier(M&, Wave& w, const I&) {
  if (w.exec() != ~uint64_t{0}) fail("a barrier that only some lanes of the wave reach");
  w.status = WaveStatus::kAtBarrier;
}
void end_program(M& m, Wave& w, const I&) {
  m.wait(w, 0, 0);
  w.status = WaveStatus::kEnded;
}
void wait_counters(M& m, Wave& w, const I& i) { m.wait(w, i.modifiers.vmcnt, i.modifiers.lgkmcnt); }

/// The address of the next instruction: of the image in this process.
void get_pc(M& m, Wave& w, const I& i) {
  const uint64_t base = reinterpret_cast<uintptr_t>(m.code.segments().data());
  write_scalar64(w, i.operand(0), base + i.address + i.bytes);
}

constexpr auto kAnd = [](auto a, auto b) { return a & b; };
constexpr auto kOr = [](auto a, auto b) { return a | b; };
constexpr auto kXor = [](auto a, auto b) { return a ^ b; };
constexpr auto kAndNot = [](auto a, auto b) { return a & ~b; };
constexpr auto kOrNot = [](auto a, auto b) { return a | ~b; };
constexpr auto kNand = [](auto a, auto b) { return ~(a & b); };
constexpr auto kNor = [](auto a, auto b) { return ~(a | b); };
constexpr auto kXnor = [](auto a, auto b) { return ~(a ^ b); };
constexpr auto kNotAnd = [](auto a, auto b) { return ~a & b; };
constexpr auto kNotOr = [](auto a, auto b) { return ~a | b; };
constexpr auto kNot = [](auto a) { return ~a; };
constexpr auto kSame = [](auto a) { return a; };
constexpr auto kEqual = [](auto a, auto b) { return a == b; };
constexpr auto kUnequal = [](auto a, auto b) { return a != b; };
constexpr auto kLess = [](auto a, auto b) { return a < b; };
constexpr auto kLessEqual = [](auto a, auto b) { return a <= b; };
constexpr auto kGreater = [](auto a, auto b) { return a > b; };
constexpr auto kGreaterEqual = [](auto a, auto b) { return a >= b; };
template <auto kF>
constexpr auto kSigned = [](uint32_t a, uint32_t b) { return kF(s(a), s(b)); };
constexpr auto kLeft = [](uint32_t a, uint32_t b) { return a << (b & 31); };
constexpr auto kRight = [](uint32_t a, uint32_t b) { return a >> (b & 31); };
constexpr auto kRightSigned = [](uint32_t a, uint32_t b) { return u(s(a) >> (b & 31)); };
constexpr auto kLeft64 = [](uint64_t a, uint64_t b) { return a << (b & 63); };
constexpr auto kRight64 = [](uint64_t a, uint64_t b) { return a >> (b & 63); };
constexpr auto kRightSigned64 = [](uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<int64_t>(a) >> (b & 63));
};
constexpr auto kMul = [](uint32_t a, uint32_t b) { return a * b; };
constexpr auto kMulHigh = [](uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(uint64_t{a} * b >> 32);
};
constexpr auto kMulHighSigned = [](uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(int64_t{s(a)} * s(b) >> 32);
};
constexpr auto kAbs = [](uint32_t a) { return s(a) < 0 ? 0 - a : a; };
constexpr auto kAbsDifference = [](uint32_t a, uint32_t b) { return kAbs(a - b); };
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
constexpr auto kBit0 = [](uint32_t a, uint32_t b) { return (a >> (b & 31) & 1) == 0; };
constexpr auto kBit1 = [](uint32_t a, uint32_t b) { return (a >> (b & 31) & 1) != 0; };
constexpr auto kBit0Wide = [](uint64_t a, uint64_t b) { return (a >> (b & 63) & 1) == 0; };
constexpr auto kBit1Wide = [](uint64_t a, uint64_t b) { return (a >> (b & 63) & 1) != 0; };

constexpr uint32_t kCompare = kNoResult | kWritesScc, kCarry = kReadsScc | kWritesScc;
constexpr uint32_t kBits = kBitwise | kWritesScc, kJump = kNoResult | kSourceCheck;

const Entry kEntries[] = {
    {"s_mov_b32", unary32<kSame>, kBitwise},
    {"s_mov_b64", unary64<kSame>, kBitwise},
    {"s_movk_i32",
     [](M&, Wave& w, const I& i) { write_scalar32(w, i.operand(0), immediate16(i)); }},
    {"s_cmov_b32", move_if<false>, kReadsScc | kAccumulates},
    {"s_cmov_b64", move_if<true>, kReadsScc | kAccumulates},
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
    {"s_abs_i32", unary32<kAbs, true>, kWritesScc},
    {"s_absdiff_i32", binary32<kAbsDifference, true>, kWritesScc},
    {"s_bitset0_b32", set_bit<false>, kAccumulates},
    {"s_bitset1_b32", set_bit<true>, kAccumulates},
    {"s_bfm_b32", bit_mask},
    {"s_getpc_b64", get_pc},
    {"s_add_u32", carrying32<kAdd>, kWritesScc},
    {"s_addc_u32", carrying32<kAddCarry>, kCarry},
    {"s_sub_u32", carrying32<kSub>, kWritesScc},
    {"s_subb_u32", carrying32<kSubBorrow>, kCarry},
    {"s_add_i32", carrying32<kAddSigned>, kWritesScc},
    {"s_sub_i32", carrying32<kSubSigned>, kWritesScc},
    {"s_min_i32", carrying32<kChoose<true, false>>, kWritesScc},
    {"s_min_u32", carrying32<kChoose<false, false>>, kWritesScc},
    {"s_max_i32", carrying32<kChoose<true, true>>, kWritesScc},
    {"s_max_u32", carrying32<kChoose<false, true>>, kWritesScc},
    {"s_lshl1_add_u32", carrying32<kShiftAdd<1>>, kWritesScc},
    {"s_lshl2_add_u32", carrying32<kShiftAdd<2>>, kWritesScc},
    {"s_lshl3_add_u32", carrying32<kShiftAdd<3>>, kWritesScc},
    {"s_lshl4_add_u32", carrying32<kShiftAdd<4>>, kWritesScc},
    {"s_addk_i32", add_immediate, kAccumulates | kWritesScc},
    {"s_mulk_i32", mul_immediate, kAccumulates},
    {"s_mul_i32", binary32<kMul>},
    {"s_mul_hi_u32", binary32<kMulHigh>},
    {"s_mul_hi_i32", binary32<kMulHighSigned>},
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
    {"s_cselect_b32", select<false>, kReadsScc},
    {"s_cselect_b64", select<true>, kBitwise | kReadsScc},
    {"s_pack_ll_b32_b16", binary32<kPackLow>},
    {"s_pack_lh_b32_b16", binary32<kPackLowHigh>},
    {"s_pack_hh_b32_b16", binary32<kPackHigh>},
    {"s_cmp_eq_u32", compare32<kEqual>, kCompare},
    {"s_cmp_eq_i32", compare32<kEqual>, kCompare},
    {"s_cmp_lg_u32", compare32<kUnequal>, kCompare},
    {"s_cmp_lg_i32", compare32<kUnequal>, kCompare},
    {"s_cmp_lt_u32", compare32<kLess>, kCompare},
    {"s_cmp_le_u32", compare32<kLessEqual>, kCompare},
    {"s_cmp_gt_u32", compare32<kGreater>, kCompare},
    {"s_cmp_ge_u32", compare32<kGreaterEqual>, kCompare},
    {"s_cmp_lt_i32", compare32<kSigned<kLess>>, kCompare},
    {"s_cmp_le_i32", compare32<kSigned<kLessEqual>>, kCompare},
    {"s_cmp_gt_i32", compare32<kSigned<kGreater>>, kCompare},
    {"s_cmp_ge_i32", compare32<kSigned<kGreaterEqual>>, kCompare},
    {"s_cmp_eq_u64", compare64<kEqual>, kCompare},
    {"s_cmp_lg_u64", compare64<kUnequal>, kCompare},
    {"s_cmpk_eq_i32", compare_immediate<kEqual>, kCompare},
    {"s_cmpk_lg_i32", compare_immediate<kUnequal>, kCompare},
    {"s_cmpk_lt_i32", compare_immediate<kSigned<kLess>>, kCompare},
    {"s_cmpk_le_i32", compare_immediate<kSigned<kLessEqual>>, kCompare},
    {"s_cmpk_gt_i32", compare_immediate<kSigned<kGreater>>, kCompare},
    {"s_cmpk_ge_i32", compare_immediate<kSigned<kGreaterEqual>>, kCompare},
    {"s_cmpk_eq_u32", compare_immediate_unsigned<kEqual>, kCompare},
    {"s_cmpk_lg_u32", compare_immediate_unsigned<kUnequal>, kCompare},
    {"s_cmpk_lt_u32", compare_immediate_unsigned<kLess>, kCompare},
    {"s_cmpk_le_u32", compare_immediate_unsigned<kLessEqual>, kCompare},
    {"s_cmpk_gt_u32", compare_immediate_unsigned<kGreater>, kCompare},
    {"s_cmpk_ge_u32", compare_immediate_unsigned<kGreaterEqual>, kCompare},
    {"s_bitcmp0_b32", compare32<kBit0>, kCompare},
    {"s_bitcmp1_b32", compare32<kBit1>, kCompare},
    {"s_bitcmp0_b64", compare64<kBit0Wide>, kCompare},
    {"s_bitcmp1_b64", compare64<kBit1Wide>, kCompare},
    {"s_and_saveexec_b64", save_exec<kAnd>, kWritesScc | kSourceCheck},
    {"s_or_saveexec_b64", save_exec<kOr>, kWritesScc | kSourceCheck},
    {"s_xor_saveexec_b64", save_exec<kXor>, kWritesScc | kSourceCheck},
    {"s_andn2_saveexec_b64", save_exec<kAndNot>, kWritesScc | kSourceCheck},
    {"s_orn2_saveexec_b64", save_exec<kOrNot>, kWritesScc | kSourceCheck},
    {"s_andn1_saveexec_b64", save_exec<kNotAnd>, kWritesScc | kSourceCheck},
    {"s_orn1_saveexec_b64", save_exec<kNotOr>, kWritesScc | kSourceCheck},
    {"s_branch", branch<[](const Wave&) { return true; }>, kNoResult},
    {"s_cbranch_scc0", branch<[](const Wave& w) { return !w.scc; }>, kJump | kReadsScc},
    {"s_cbranch_scc1", branch<[](const Wave& w) { return w.scc; }>, kJump | kReadsScc},
    {"s_cbranch_vccz", branch<[](const Wave& w) { return w.vcc() == 0; }>, kJump | kReadsVcc},
    {"s_cbranch_vccnz", branch<[](const Wave& w) { return w.vcc() != 0; }>, kJump | kReadsVcc},
    {"s_cbranch_execz", branch<[](const Wave& w) { return w.exec() == 0; }>, kNoResult},
    {"s_cbranch_execnz", branch<[](const Wave& w) { return w.exec() != 0; }>, kNoResult},
    {"s_barrier", barrier, kNoResult},
    {"s_endpgm", end_program, kNoResult},
    {"s_waitcnt", wait_counters, kNoResult},
    {"s_nop", nothing, kNoResult},
    {"s_sleep", nothing, kNoResult},
    {"s_setprio", nothing, kNoResult},
    {"s_sethalt", nothing, kNoResult},
    {"s_icache_inv", nothing, kNoResult},
};

}  // namespace

std::span<const Entry> scalar_entries() { return kEntries; }

}  // namespace octet::amdgcn
