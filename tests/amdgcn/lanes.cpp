// Exchange between lanes and with scalar registers. DPP, of any instruction, is in rows.cpp.
#include <bit>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

void read_from(Wave& w, const I& i, int lane) {
  const Operand &to = i.operand(0), &from = i.operand(1);
  if (from.kind != OperandKind::kVector) {
    write_scalar32(w, to, scalar32(w, from));
    w.sgpr_undefined[to.first] =
        from.kind == OperandKind::kScalar ? w.sgpr_undefined[from.first] : 0;
    return;
  }
  write_scalar32(w, to, w.vgpr[from.first][lane]);
  w.sgpr_undefined[to.first] = (w.undefined[from.first] >> lane & 1) != 0 ? ~0u : 0;
}
void read_first(M&, Wave& w, const I& i) {
  const uint64_t exec = w.exec();
  read_from(w, i, exec == 0 ? 0 : std::countr_zero(exec));
}
void read_lane(M&, Wave& w, const I& i) {
  if (i.operand(2).kind == OperandKind::kScalar && w.sgpr_undefined[i.operand(2).first] != 0) {
    fail("the lane is an undefined value");
  }
  read_from(w, i, static_cast<int>(scalar32(w, i.operand(2)) & 63));
}
void write_lane(M&, Wave& w, const I& i) {
  const uint32_t lane = scalar32(w, i.operand(2)) & 63;
  const Operand &to = i.operand(0), &from = i.operand(1);
  w.vgpr[to.first][lane] = scalar32(w, from);
  const bool undefined = from.kind == OperandKind::kScalar && w.sgpr_undefined[from.first] != 0;
  const uint64_t bit = uint64_t{1} << lane;
  w.undefined[to.first] = undefined ? w.undefined[to.first] | bit : w.undefined[to.first] & ~bit;
}

/// Bits of the mask below the lane, in the lower or upper 32 lanes, plus a count.
template <int kBase>
void count_below(M&, Wave& w, const I& i) {
  Row a_scratch, b_scratch, out;
  const uint32_t* a = source_row(w, i, 1, a_scratch);
  const uint32_t* b = source_row(w, i, 2, b_scratch);
  for (int l = 0; l < kLanes; ++l) {
    const int below = l - kBase;
    const uint32_t ones = below <= 0 ? 0 : below >= 32 ? ~0u : (1u << below) - 1;
    out.lane[l] = static_cast<uint32_t>(std::popcount(a[l] & ones)) + b[l];
  }
  write_row(w, i, out);
}

/// Exchanges lane l of the first with lane `partner(l)` of the second register, where it is >= 0.
template <class F>
void exchange(Wave& w, const I& i, F partner) {
  if (w.exec() != ~uint64_t{0}) fail("an exchange with inactive lanes is not modelled");
  const Operand &a = i.operand(0), &b = i.operand(1);
  const auto swap_bits = [&](int l, int from) {
    const uint64_t x = w.undefined[a.first] >> l & 1, y = w.undefined[b.first] >> from & 1;
    w.undefined[a.first] = (w.undefined[a.first] & ~(uint64_t{1} << l)) | y << l;
    w.undefined[b.first] = (w.undefined[b.first] & ~(uint64_t{1} << from)) | x << from;
  };
  for (int l = 0; l < kLanes; ++l) {
    const int from = partner(l);
    if (from < 0) continue;
    std::swap(w.vgpr[a.first][l], w.vgpr[b.first][from]);
    swap_bits(l, from);
  }
}

const Entry kEntries[] = {
    {"v_readfirstlane_b32", read_first, kOwnShadow},
    {"v_readlane_b32", read_lane, kOwnShadow},
    {"v_writelane_b32", write_lane, kOwnShadow | kPartialResult},
    {"v_mbcnt_lo_u32_b32", count_below<0>},
    {"v_mbcnt_hi_u32_b32", count_below<32>},
    {"v_swap_b32", [](M&, Wave& w, const I& i) { exchange(w, i, [](int l) { return l; }); },
     kTwoResults | kOwnShadow},
    // Odd rows of 16 of the first with even rows of the second.
    {"v_permlane16_swap_b32",
     [](M&, Wave& w, const I& i) {
       exchange(w, i, [](int l) { return (l & 16) != 0 ? l - 16 : -1; });
     },
     kTwoResults | kOwnShadow},
    // The upper half of the first with the lower half of the second.
    {"v_permlane32_swap_b32",
     [](M&, Wave& w, const I& i) { exchange(w, i, [](int l) { return l >= 32 ? l - 32 : -1; }); },
     kTwoResults | kOwnShadow},
};

}  // namespace

std::span<const Entry> lane_entries() { return kEntries; }

}  // namespace octet::amdgcn
