// LDS: reads, writes, atomics, and the exchanges between lanes that go through its unit.
//
// The unit does what a wave asks in order: a read sees the wave's own writes. Its result waits for
// s_waitcnt, and so do writes for other waves.
#include <algorithm>
#include <cstring>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

uint32_t address_of(const Wave& w, const Operand& address, int lane) {
  if ((w.undefined[address.first] >> lane & 1) != 0) fail("an undefined LDS address");
  return w.vgpr[address.first][lane];
}

bool active(const Pending& entry, int lane) { return (entry.lanes >> lane & 1) != 0; }

void read_words(M& m, const Wave& w, Pending& entry, int lane, uint32_t address, uint32_t bytes,
                int first_word) {
  const uint32_t step = bytes < 4 ? bytes : 4;
  for (uint32_t at = 0; at < bytes; at += step) {
    bool undefined = false;
    const int word = first_word + static_cast<int>(at / 4);
    entry.data[word][lane] = m.lds.read(address + at, step, w.index, undefined);
    if (undefined) entry.undefined[static_cast<size_t>(word)] |= uint64_t{1} << lane;
  }
}
void check_alignment(uint32_t address, uint32_t bytes) {
  const uint32_t unit = bytes == 12 ? 4 : bytes;
  if (address % unit != 0) fail("LDS address {} of {} bytes is not aligned", address, bytes);
}

template <uint32_t kBytes, bool kSign = false, Landing kLanding = Landing::kRegisters>
void read(M& m, Wave& w, const I& i) {
  m.flush_lds(w);
  Pending& entry = m.issue(w, w.lds, i, kLanding);
  entry.bytes = kBytes;
  for (int l = 0; l < kLanes; ++l) {
    if (!active(entry, l)) continue;
    const uint32_t address =
        address_of(w, i.operand(1), l) + static_cast<uint32_t>(i.modifiers.offset);
    check_alignment(address, kBytes);
    entry.address[0][l] = address;
    read_words(m, w, entry, l, address, kBytes, 0);
    if (kSign) {
      const uint32_t unused = 32 - 8 * kBytes;
      const auto up = static_cast<int32_t>(entry.data[0][l] << unused);
      entry.data[0][l] = static_cast<uint32_t>(up >> unused);
    }
  }
  Machine::expect(w, entry, i.operand(0));
}
/// Two addresses, of which the offsets count elements (or 64 of them).
template <uint32_t kBytes, uint32_t kUnit>
void read2(M& m, Wave& w, const I& i) {
  m.flush_lds(w);
  Pending& entry = m.issue(w, w.lds, i, Landing::kRegisters);
  entry.bytes = kBytes, entry.parts = 2;
  for (int l = 0; l < kLanes; ++l) {
    if (!active(entry, l)) continue;
    const uint32_t base = address_of(w, i.operand(1), l);
    const int32_t offsets[2] = {i.modifiers.offset0, i.modifiers.offset1};
    for (int part = 0; part < 2; ++part) {
      const uint32_t address = base + static_cast<uint32_t>(offsets[part]) * kUnit;
      check_alignment(address, kBytes);
      entry.address[part][l] = address;
      read_words(m, w, entry, l, address, kBytes, part * static_cast<int>(kBytes) / 4);
    }
  }
  Machine::expect(w, entry, i.operand(0));
}

void take_data(const Wave& w, const Operand& data, int first_word, uint32_t shift, Pending& entry) {
  for (int word = 0; word < data.count; ++word) {
    const size_t to = static_cast<size_t>(first_word + word);
    for (int l = 0; l < kLanes; ++l) entry.data[to][l] = w.vgpr[data.first + word][l] >> shift;
    entry.undefined[to] = w.undefined[data.first + word];
  }
}
template <uint32_t kBytes, uint32_t kShift = 0>
void write(M& m, Wave& w, const I& i) {
  Pending& entry = m.issue(w, w.lds, i, Landing::kLds);
  entry.bytes = kBytes;
  take_data(w, i.operand(1), 0, kShift, entry);
  for (int l = 0; l < kLanes; ++l) {
    if (!active(entry, l)) continue;
    const uint32_t address =
        address_of(w, i.operand(0), l) + static_cast<uint32_t>(i.modifiers.offset);
    check_alignment(address, kBytes);
    entry.address[0][l] = address;
  }
}
template <uint32_t kBytes, uint32_t kUnit>
void write2(M& m, Wave& w, const I& i) {
  Pending& entry = m.issue(w, w.lds, i, Landing::kLds);
  entry.bytes = kBytes, entry.parts = 2;
  take_data(w, i.operand(1), 0, 0, entry);
  take_data(w, i.operand(2), kBytes / 4, 0, entry);
  for (int l = 0; l < kLanes; ++l) {
    if (!active(entry, l)) continue;
    const uint32_t base = address_of(w, i.operand(0), l);
    const int32_t offsets[2] = {i.modifiers.offset0, i.modifiers.offset1};
    for (int part = 0; part < 2; ++part) {
      const uint32_t address = base + static_cast<uint32_t>(offsets[part]) * kUnit;
      check_alignment(address, kBytes);
      entry.address[part][l] = address;
    }
  }
}

/// f(old value, first data, second data); the old value is returned where the mnemonic says so.
template <auto kF, bool kReturns>
void atomic(M& m, Wave& w, const I& i) {
  m.flush_lds(w);
  Pending& entry = m.issue(w, w.lds, i, kReturns ? Landing::kRegisters : Landing::kNothing);
  const int first = kReturns ? 1 : 0;
  for (int l = 0; l < kLanes; ++l) {
    if (!active(entry, l)) continue;
    const uint32_t address =
        address_of(w, i.operand(first), l) + static_cast<uint32_t>(i.modifiers.offset);
    const auto data = [&](int n) {
      return first + n < i.num_operands ? w.vgpr[i.operand(first + n).first][l] : 0;
    };
    bool undefined = false;
    const uint32_t old = m.lds.begin_atomic(address, w.index, undefined);
    if (undefined) fail("an atomic on LDS that was never written");
    entry.data[0][l] = old;
    m.lds.end_atomic(address, kF(old, data(1), data(2)));
  }
  if (kReturns) Machine::expect(w, entry, i.operand(0));
}

// ---- Exchanges of a register between lanes ----
/// entry = the value of lane from(l), or 0 where that is negative or inactive.
template <class F>
void gather(M& m, Wave& w, const I& i, const Operand& data, F from) {
  Pending& entry = m.issue(w, w.lds, i, Landing::kRegisters);
  for (int l = 0; l < kLanes; ++l) {
    if (!active(entry, l)) continue;
    const int lane = from(l);
    const bool valid = lane >= 0 && (entry.lanes >> lane & 1) != 0;
    entry.data[0][l] = valid ? w.vgpr[data.first][lane] : 0;
    if (valid) entry.undefined[0] |= (w.undefined[data.first] >> lane & 1) << l;
  }
  Machine::expect(w, entry, i.operand(0));
}
void bpermute(M& m, Wave& w, const I& i) {
  gather(m, w, i, i.operand(2), [&](int l) {
    const uint32_t address =
        address_of(w, i.operand(1), l) + static_cast<uint32_t>(i.modifiers.offset);
    return static_cast<int>(address >> 2 & 63);
  });
}
/// Each lane sends; of several that send to one lane the highest wins.
void permute(M& m, Wave& w, const I& i) {
  int sender[kLanes];
  std::fill_n(sender, kLanes, -1);
  for (int l = 0; l < kLanes; ++l) {
    if ((w.exec() >> l & 1) == 0) continue;
    const uint32_t address =
        address_of(w, i.operand(1), l) + static_cast<uint32_t>(i.modifiers.offset);
    sender[address >> 2 & 63] = l;
  }
  gather(m, w, i, i.operand(2), [&](int l) { return sender[l]; });
}
void swizzle(M& m, Wave& w, const I& i) {
  const int mode = i.modifiers.offset;
  if (mode >= 0xc000) fail("a rotation by ds_swizzle is not modelled");
  gather(m, w, i, i.operand(1), [mode](int l) {
    if ((mode & 0x8000) != 0) return (l & ~3) + (mode >> (2 * (l & 3)) & 3);
    const int in_half = ((l & 31 & mode) | (mode >> 5 & 31)) ^ (mode >> 10 & 31);
    return (l & 32) + in_half;
  });
}

using U = uint32_t;
constexpr int32_t s(U v) { return static_cast<int32_t>(v); }
constexpr auto kAdd = [](U old, U a, U) { return old + a; };
constexpr auto kSub = [](U old, U a, U) { return old - a; };
constexpr auto kInc = [](U old, U a, U) { return old >= a ? 0 : old + 1; };
constexpr auto kMaxU = [](U old, U a, U) { return std::max(old, a); };
constexpr auto kMinU = [](U old, U a, U) { return std::min(old, a); };
constexpr auto kMaxI = [](U old, U a, U) { return s(old) > s(a) ? old : a; };
constexpr auto kMinI = [](U old, U a, U) { return s(old) < s(a) ? old : a; };
constexpr auto kAnd = [](U old, U a, U) { return old & a; };
constexpr auto kOr = [](U old, U a, U) { return old | a; };
constexpr auto kXor = [](U old, U a, U) { return old ^ a; };
constexpr auto kExchange = [](U, U a, U) { return a; };
constexpr auto kCompareStore = [](U old, U compare, U value) {
  return old == compare ? value : old;
};
constexpr auto kAddFloat = [](U old, U a, U) { return as_bits(as_float(old) + as_float(a)); };

constexpr uint32_t kRead = kMemoryAccess | kOwnShadow, kWrite = kRead | kNoResult;
constexpr uint32_t kHalfRead = kRead | kPartialResult;
constexpr uint32_t kAtomic = kRead | kSourceCheck, kSilent = kAtomic | kNoResult;
constexpr auto kLow = Landing::kLowHalf, kHigh = Landing::kHighHalf;

#define OCTET_LDS_ATOMIC(name, type, f)               \
  {"ds_" name "_" type, atomic<f, false>, kSilent}, { \
    "ds_" name "_rtn_" type, atomic<f, true>, kAtomic \
  }

const Entry kEntries[] = {
    {"ds_read_u8", read<1>, kRead},
    {"ds_read_i8", read<1, true>, kRead},
    {"ds_read_u16", read<2>, kRead},
    {"ds_read_i16", read<2, true>, kRead},
    {"ds_read_u8_d16", read<1, false, kLow>, kHalfRead},
    {"ds_read_u8_d16_hi", read<1, false, kHigh>, kHalfRead},
    {"ds_read_i8_d16", read<1, true, kLow>, kHalfRead},
    {"ds_read_i8_d16_hi", read<1, true, kHigh>, kHalfRead},
    {"ds_read_u16_d16", read<2, false, kLow>, kHalfRead},
    {"ds_read_u16_d16_hi", read<2, false, kHigh>, kHalfRead},
    {"ds_read_b32", read<4>, kRead},
    {"ds_read_b64", read<8>, kRead},
    {"ds_read_b96", read<12>, kRead},
    {"ds_read_b128", read<16>, kRead},
    {"ds_read2_b32", read2<4, 4>, kRead},
    {"ds_read2_b64", read2<8, 8>, kRead},
    {"ds_read2st64_b32", read2<4, 256>, kRead},
    {"ds_read2st64_b64", read2<8, 512>, kRead},
    {"ds_write_b8", write<1>, kWrite},
    {"ds_write_b8_d16_hi", write<1, 16>, kWrite},
    {"ds_write_b16", write<2>, kWrite},
    {"ds_write_b16_d16_hi", write<2, 16>, kWrite},
    {"ds_write_b32", write<4>, kWrite},
    {"ds_write_b64", write<8>, kWrite},
    {"ds_write_b96", write<12>, kWrite},
    {"ds_write_b128", write<16>, kWrite},
    {"ds_write2_b32", write2<4, 4>, kWrite},
    {"ds_write2_b64", write2<8, 8>, kWrite},
    {"ds_write2st64_b32", write2<4, 256>, kWrite},
    {"ds_write2st64_b64", write2<8, 512>, kWrite},
    {"ds_bpermute_b32", bpermute, kRead},
    {"ds_permute_b32", permute, kRead},
    {"ds_swizzle_b32", swizzle, kRead},
    OCTET_LDS_ATOMIC("add", "u32", kAdd),
    OCTET_LDS_ATOMIC("sub", "u32", kSub),
    OCTET_LDS_ATOMIC("inc", "u32", kInc),
    OCTET_LDS_ATOMIC("max", "u32", kMaxU),
    OCTET_LDS_ATOMIC("min", "u32", kMinU),
    OCTET_LDS_ATOMIC("max", "i32", kMaxI),
    OCTET_LDS_ATOMIC("min", "i32", kMinI),
    OCTET_LDS_ATOMIC("and", "b32", kAnd),
    OCTET_LDS_ATOMIC("or", "b32", kOr),
    OCTET_LDS_ATOMIC("xor", "b32", kXor),
    OCTET_LDS_ATOMIC("add", "f32", kAddFloat),
    OCTET_LDS_ATOMIC("cmpst", "b32", kCompareStore),
    {"ds_wrxchg_rtn_b32", atomic<kExchange, true>, kAtomic},
};
#undef OCTET_LDS_ATOMIC

}  // namespace

std::span<const Entry> lds_entries() { return kEntries; }

}  // namespace octet::amdgcn
