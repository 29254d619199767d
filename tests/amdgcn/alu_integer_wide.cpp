// Vector integers of 64 bits, carries and selects by lane.
#include "tests/amdgcn/alu_integer.h"

namespace octet::amdgcn {
namespace {

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
  const Operand &to = i.operand(0), &from = i.operand(1);
  uint64_t undefined[2] = {};
  for (const int part : {0, 1}) {
    if (from.kind == OperandKind::kVector) undefined[part] = w.undefined[from.first + part];
    if (from.kind == OperandKind::kScalar && w.sgpr_undefined[from.first + part] != 0) {
      undefined[part] = ~uint64_t{0};
    }
  }
  write64(w, i, [&](int l) { return lane64(w, from, l); });
  for (const int part : {0, 1}) {
    uint64_t& lanes = w.undefined[to.first + part];
    lanes = (lanes & ~w.mask) | (undefined[part] & w.mask);
  }
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

constexpr uint32_t kCarryOut = kTwoResults, kCarryInOut = kTwoResults | kLaneMask;

const Entry kEntries[] = {
    {"v_mov_b64", move64, kOwnShadow},
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

std::span<const Entry> wide_integer_entries() { return kEntries; }

}  // namespace octet::amdgcn
