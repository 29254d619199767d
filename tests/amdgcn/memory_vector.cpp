// Loads and stores of vector registers, and loads into LDS.
//
// A load reads memory when it is issued and its registers wait for s_waitcnt. A store happens at
// its wait, or before the next load of the same wave. A load into LDS happens at its wait.
#include <cstring>

#include "tests/amdgcn/address.h"
#include "tests/amdgcn/families.h"

namespace octet::amdgcn {

GlobalAddress::GlobalAddress(const Wave& w, const Instruction& i, int address_operand,
                             int base_operand)
    : w_(w), address_(i.operand(address_operand)) {
  base_ = static_cast<uint64_t>(int64_t{i.modifiers.offset});
  if (base_operand < i.num_operands && i.operand(base_operand).kind == OperandKind::kScalar) {
    base_ += w.pair(i.operand(base_operand).first);
    offset_only_ = true;
  }
}

uint64_t GlobalAddress::of(int lane) const {
  const uint32_t low = w_.vgpr[address_.first][lane];
  if (offset_only_) return base_ + low;
  return base_ + (low | uint64_t{w_.vgpr[address_.first + 1][lane]} << 32);
}

BufferAddress::BufferAddress(const Wave& w, const Instruction& i, int first) {
  const Operand &address = i.operand(first), &resource = i.operand(first + 1);
  const uint32_t* words = &w.sgpr[resource.first];
  if ((words[1] >> 16 & 0x3fff) != 0) fail("a buffer with a stride is not modelled");
  base_ = words[0] | uint64_t{words[1] & 0xffff} << 32;
  records_ = words[2];
  scalar_ = scalar32(w, i.operand(first + 2));
  fixed_ = scalar_ + static_cast<uint32_t>(i.modifiers.offset);
  if (i.modifiers.offen) vector_ = w.vgpr[address.first];
}

std::byte* BufferAddress::at(Memory& memory, int lane, uint32_t skip, uint32_t bytes,
                             bool write) const {
  return inside(lane, skip, bytes) ? memory.at(of(lane) + skip, bytes, write) : nullptr;
}

namespace {

using I = Instruction;
using M = Machine;

/// Reads `bytes` of each active lane into the words of an entry.
template <class Address>
void read_lanes(Memory& memory, const Address& address, uint32_t bytes, bool sign, Pending& entry) {
  const uint32_t step = bytes < 4 ? bytes : 4;
  for (int l = 0; l < kLanes; ++l) {
    if ((entry.lanes >> l & 1) == 0) continue;
    for (uint32_t at = 0; at < bytes; at += step) {
      uint32_t value = 0;
      const std::byte* from = address.at(memory, l, at, step, false);
      if (from != nullptr) std::memcpy(&value, from, step);
      if (sign) {
        const uint32_t unused = 32 - 8 * step;
        value = static_cast<uint32_t>(static_cast<int32_t>(value << unused) >> unused);
      }
      entry.data[at / 4][l] = value;
    }
  }
}

struct Format {
  uint32_t bytes;
  bool sign = false;
  Landing landing = Landing::kRegisters;
};

template <class Address, Format kFormat>
void load(M& m, Wave& w, const I& i) {
  constexpr bool kGlobal = std::is_same_v<Address, GlobalAddress>;
  m.flush_stores(w);
  const bool into_lds = i.modifiers.lds;
  Pending& entry = m.issue(w, w.vector_memory, i, into_lds ? Landing::kLds : kFormat.landing);
  const int first = into_lds ? 0 : 1;
  const Address address = [&] {
    if constexpr (kGlobal) {
      return GlobalAddress(w, i, first, first + 1);
    } else {
      return BufferAddress(w, i, first);
    }
  }();
  read_lanes(m.memory, address, kFormat.bytes, kFormat.sign, entry);
  if (!into_lds) return Machine::expect(w, entry, i.operand(0));
  if (kFormat.bytes < 4) fail("a load of less than a word into LDS is not modelled");
  entry.bytes = kFormat.bytes;
  const uint32_t base = w.sgpr[kM0] + static_cast<uint32_t>(i.modifiers.offset);
  for (uint32_t l = 0; l < kLanes; ++l) entry.address[0][l] = base + l * kFormat.bytes;
}
/// global_load_lds_*: as with the modifier lds.
template <uint32_t kBytes>
void load_to_lds(M& m, Wave& w, const I& i) {
  Instruction with_modifier = i;
  with_modifier.modifiers.lds = true;
  load<GlobalAddress, Format{kBytes}>(m, w, with_modifier);
  w.vector_memory.at(w.vector_memory.size() - 1).issuer = &i;
}

template <class Address, uint32_t kBytes, bool kHigh = false>
void store(M& m, Wave& w, const I& i) {
  constexpr bool kGlobal = std::is_same_v<Address, GlobalAddress>;
  Pending& entry = m.issue(w, w.vector_memory, i, Landing::kStore);
  ++w.stores;
  entry.bytes = kBytes;
  const Operand& data = i.operand(kGlobal ? 1 : 0);
  constexpr uint32_t kStep = kBytes < 4 ? kBytes : 4;
  for (uint32_t word = 0; word * 4 < kBytes; ++word) {
    for (int l = 0; l < kLanes; ++l) {
      const uint32_t value = w.vgpr[data.first + word][l];
      entry.data[word][l] = kHigh ? value >> 16 : value;
    }
  }
  if constexpr (kGlobal) {
    const GlobalAddress address(w, i, 0, 2);
    for (int l = 0; l < kLanes; ++l) {
      if ((entry.lanes >> l & 1) == 0) continue;
      entry.address[0][l] = address.of(l);
      m.memory.at(address.of(l), kBytes, true);
    }
  } else {
    const BufferAddress address(w, i, 1);
    for (int l = 0; l < kLanes; ++l) {
      if ((entry.lanes >> l & 1) == 0) continue;
      entry.address[0][l] = address.of(l);
      for (uint32_t at = 0; at < kBytes; at += kStep) {
        if (address.at(m.memory, l, at, kStep, true) == nullptr) {
          entry.dropped[at / 4] |= uint64_t{1} << l;
        }
      }
    }
  }
}
void nothing(M&, Wave&, const I&) {}

constexpr uint32_t kLoad = kMemoryAccess | kOwnShadow | kSourceCheck;
constexpr uint32_t kLoadLds = kLoad | kNoResult | kReadsM0;
constexpr uint32_t kHalfLoad = kLoad | kPartialResult;
constexpr uint32_t kStore = kLoad | kNoResult;
constexpr auto kLow = Landing::kLowHalf, kHigh = Landing::kHighHalf;

#define OCTET_VECTOR_MEMORY(prefix, Address)                                            \
  {prefix "_load_ubyte", load<Address, Format{1}>, kLoad},                              \
      {prefix "_load_sbyte", load<Address, Format{1, true}>, kLoad},                    \
      {prefix "_load_ushort", load<Address, Format{2}>, kLoad},                         \
      {prefix "_load_sshort", load<Address, Format{2, true}>, kLoad},                   \
      {prefix "_load_dword", load<Address, Format{4}>, kLoad},                          \
      {prefix "_load_dwordx2", load<Address, Format{8}>, kLoad},                        \
      {prefix "_load_dwordx3", load<Address, Format{12}>, kLoad},                       \
      {prefix "_load_dwordx4", load<Address, Format{16}>, kLoad},                       \
      {prefix "_load_ubyte_d16", load<Address, Format{1, false, kLow}>, kHalfLoad},     \
      {prefix "_load_ubyte_d16_hi", load<Address, Format{1, false, kHigh}>, kHalfLoad}, \
      {prefix "_load_sbyte_d16", load<Address, Format{1, true, kLow}>, kHalfLoad},      \
      {prefix "_load_sbyte_d16_hi", load<Address, Format{1, true, kHigh}>, kHalfLoad},  \
      {prefix "_load_short_d16", load<Address, Format{2, false, kLow}>, kHalfLoad},     \
      {prefix "_load_short_d16_hi", load<Address, Format{2, false, kHigh}>, kHalfLoad}, \
      {prefix "_store_byte", store<Address, 1>, kStore},                                \
      {prefix "_store_byte_d16_hi", store<Address, 1, true>, kStore},                   \
      {prefix "_store_short", store<Address, 2>, kStore},                               \
      {prefix "_store_short_d16_hi", store<Address, 2, true>, kStore},                  \
      {prefix "_store_dword", store<Address, 4>, kStore},                               \
      {prefix "_store_dwordx2", store<Address, 8>, kStore},                             \
      {prefix "_store_dwordx3", store<Address, 12>, kStore}, {                          \
    prefix "_store_dwordx4", store<Address, 16>, kStore                                 \
  }

const Entry kEntries[] = {
    OCTET_VECTOR_MEMORY("global", GlobalAddress),
    OCTET_VECTOR_MEMORY("buffer", BufferAddress),
    {"global_load_lds_dword", load_to_lds<4>, kLoadLds},
    {"global_load_lds_dwordx3", load_to_lds<12>, kLoadLds},
    {"global_load_lds_dwordx4", load_to_lds<16>, kLoadLds},
    {"buffer_wbl2", nothing, kNoResult | kMemoryAccess},
    {"buffer_inv", nothing, kNoResult | kMemoryAccess},
};
#undef OCTET_VECTOR_MEMORY

}  // namespace

std::span<const Entry> vector_memory_entries() { return kEntries; }

}  // namespace octet::amdgcn
