#include "tests/amdgcn/rows.h"

#include <algorithm>

namespace octet::amdgcn {
namespace {

uint32_t select(uint32_t value, Part part, bool sign) {
  const auto cut = [&](int shift, int bits) {
    const uint32_t up = value << (32 - shift - bits);
    return sign ? static_cast<uint32_t>(static_cast<int32_t>(up) >> (32 - bits))
                : up >> (32 - bits);
  };
  switch (part) {
    case Part::kDword:
      return value;
    case Part::kWord0:
      return cut(0, 16);
    case Part::kWord1:
      return cut(16, 16);
    default:
      return cut(8 * (static_cast<int>(part) - static_cast<int>(Part::kByte0)), 8);
  }
}

}  // namespace

int dpp_source(const Modifiers& m, int lane) {
  const int row = lane & ~15, place = lane & 15, amount = m.dpp_amount;
  switch (m.dpp) {
    case DppControl::kQuadPerm:
      return (lane & ~3) + m.quad_perm[lane & 3];
    case DppControl::kRowShl:
      return place + amount < 16 ? lane + amount : -1;
    case DppControl::kRowShr:
      return place - amount >= 0 ? lane - amount : -1;
    case DppControl::kRowRor:
      return row + ((place - amount) & 15);
    case DppControl::kRowMirror:
      return row + 15 - place;
    case DppControl::kRowHalfMirror:
      return (lane & ~7) + 7 - (lane & 7);
    case DppControl::kRowBroadcast:
      if (amount == 15) return row > 0 ? row - 1 : -1;
      return lane >= 32 ? 31 : -1;
    case DppControl::kRowNewBroadcast:
      return row + amount;
    case DppControl::kWaveShift: {
      const int from = lane + static_cast<int8_t>(m.dpp_amount);
      return from >= 0 && from < kLanes ? from : -1;
    }
    case DppControl::kNone:
      break;
  }
  return lane;
}

uint64_t dpp_mask(const Modifiers& m, uint64_t exec) {
  uint64_t mask = 0;
  for (int l = 0; l < kLanes; ++l) {
    const bool wanted = (m.row_mask >> (l / 16) & 1) != 0 && (m.bank_mask >> (l % 16 / 4) & 1) != 0;
    const int from = dpp_source(m, l);
    const bool valid = from >= 0 && (exec >> from & 1) != 0;
    if (wanted && (valid || m.bound_control)) mask |= uint64_t{1} << l;
  }
  return mask & exec;
}

uint64_t dpp_undefined(const Modifiers& m, uint64_t undefined) {
  uint64_t result = 0;
  for (int l = 0; l < kLanes; ++l) {
    const int from = dpp_source(m, l);
    if (from >= 0 && (undefined >> from & 1) != 0) result |= uint64_t{1} << l;
  }
  return result;
}

const uint32_t* modified_row(const Wave& w, const Instruction& i, int n, Row& scratch) {
  const Operand& o = i.operand(n);
  const Modifiers& m = i.modifiers;
  const int source = n - i.num_defs;
  Row broadcast;
  const uint32_t* raw = raw_row(w, o, 0, broadcast);
  const uint64_t exec = w.exec();
  const bool high = (i.flags & kHalf) != 0 && (m.op_sel >> source & 1) != 0;
  const bool narrow = (i.flags & kHalf) != 0;
  const uint32_t sign = narrow ? 0x8000u : 0x80000000u;
  for (int l = 0; l < kLanes; ++l) {
    uint32_t value = raw[l];
    if (m.dpp != DppControl::kNone && source == 0) {
      const int from = dpp_source(m, l);
      value = from >= 0 && (exec >> from & 1) != 0 ? raw[from] : 0;
    }
    if (m.sdwa && source < 2) value = select(value, m.src_sel[source], o.sign_extend);
    if (high) value >>= 16;
    if (o.absolute) value &= ~sign;
    if (o.negate) value ^= sign;
    scratch.lane[l] = value;
  }
  return scratch.lane;
}

void write_part(Wave& w, const Instruction& i, const Row& result) {
  const Modifiers& m = i.modifiers;
  Row merged;
  const uint32_t* old = w.vgpr[i.operand(0).first];
  Part part = m.sdwa ? m.dst_sel : Part::kDword;
  Unused unused = m.dst_unused;
  if ((i.flags & kHalf) != 0 && result_is_high(i)) part = Part::kWord1, unused = Unused::kPreserve;
  if (part == Part::kDword) return write_lanes(w, i.operand(0), 0, result);
  const bool word = part == Part::kWord0 || part == Part::kWord1;
  const int shift = word ? (part == Part::kWord1 ? 16 : 0)
                         : 8 * (static_cast<int>(part) - static_cast<int>(Part::kByte0));
  const uint32_t ones = word ? 0xffffu : 0xffu;
  for (int l = 0; l < kLanes; ++l) {
    const uint32_t placed = (result.lane[l] & ones) << shift;
    const bool negative = (result.lane[l] & (ones + 1) >> 1) != 0;
    merged.lane[l] = placed;
    if (unused == Unused::kPreserve) merged.lane[l] |= old[l] & ~(ones << shift);
    if (unused == Unused::kSext && negative)
      merged.lane[l] |= ~((ones << shift) | ((1u << shift) - 1));
  }
  write_lanes(w, i.operand(0), 0, merged);
}

void finish_floats(const Instruction& i, Row& result) {
  const Modifiers& m = i.modifiers;
  if ((m.used & kGroupOutput) == 0) return;
  for (uint32_t& lane : result.lane) {
    float value = as_float(lane) * m.output_scale;
    if (m.clamp) value = value > 0 ? std::min(value, 1.0f) : 0.0f;  // NaN becomes 0 (DX10_CLAMP)
    lane = as_bits(value);
  }
}

void Wave::reset(int wave_index, int vector_registers, int accumulators) {
  index = wave_index, num_vector = vector_registers, num_accumulators = accumulators;
  constexpr uint32_t kPoison = 0x7fc0dead;
  const auto poison = [&](int first, int count) {
    std::fill_n(&vgpr[first][0], static_cast<size_t>(count) * kLanes, kPoison);
    std::fill_n(undefined + first, count, ~uint64_t{0});
    std::fill_n(vgpr_pending + first, count, uint8_t{0});
  };
  poison(0, vector_registers);
  poison(kFirstAccumulator, accumulators);
  std::fill_n(sgpr, kScalarRegisters, kPoison);
  std::fill_n(sgpr_undefined, kScalarRegisters, ~0u);
  std::fill_n(sgpr_pending, kScalarRegisters, uint8_t{0});
  set_pair(kExec, ~uint64_t{0});
  set_pair_undefined(kExec, 0);
  scc = false, scc_undefined = true;
  status = WaveStatus::kRunning;
  pc = 0, stores = 0;
  vector_memory.clear(), lds.clear(), scalar_memory.clear();
}

}  // namespace octet::amdgcn
