// Scalar arithmetic, moves and selects.

#include "tests/amdgcn/alu_scalar.h"

#include "tests/amdgcn/families.h"

namespace octet::amdgcn {
namespace {

/// f gives the result and sets the carry.
template <auto kF>
void carrying32(M&, Wave& w, const I& i) {
  bool scc = w.scc;
  const uint32_t result = kF(scalar32(w, i.operand(1)), scalar32(w, i.operand(2)), scc);
  write_scalar32(w, i.operand(0), result);
  w.scc = scc;
}

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

constexpr auto kSame = [](auto a) { return a; };
constexpr auto kMul = [](uint32_t a, uint32_t b) { return a * b; };
constexpr auto kMulHigh = [](uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(uint64_t{a} * b >> 32);
};
constexpr auto kMulHighSigned = [](uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(int64_t{s(a)} * s(b) >> 32);
};
constexpr auto kAbs = [](uint32_t a) { return s(a) < 0 ? 0 - a : a; };
constexpr auto kAbsDifference = [](uint32_t a, uint32_t b) { return kAbs(a - b); };

constexpr uint32_t kCarry = kReadsScc | kWritesScc;

const Entry kEntries[] = {
    {"s_mov_b32", unary32<kSame>, kBitwise},
    {"s_mov_b64", unary64<kSame>, kBitwise},
    {"s_movk_i32",
     [](M&, Wave& w, const I& i) { write_scalar32(w, i.operand(0), immediate16(i)); }},
    {"s_cmov_b32", move_if<false>, kReadsScc | kAccumulates},
    {"s_cmov_b64", move_if<true>, kReadsScc | kAccumulates},
    {"s_abs_i32", unary32<kAbs, true>, kWritesScc},
    {"s_absdiff_i32", binary32<kAbsDifference, true>, kWritesScc},
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
    {"s_cselect_b32", select<false>, kReadsScc},
    {"s_cselect_b64", select<true>, kBitwise | kReadsScc},
};

}  // namespace

std::span<const Entry> scalar_entries() { return kEntries; }

}  // namespace octet::amdgcn
