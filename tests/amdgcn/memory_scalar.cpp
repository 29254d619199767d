// Scalar loads, the clock, and the mode register.
#include <cstring>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

void load(Machine& m, Wave& w, const Instruction& i) {
  const Operand& base = i.operand(1);
  uint64_t address = w.pair(base.first) + static_cast<uint64_t>(int64_t{i.modifiers.offset});
  if (i.num_operands > 2) address += scalar32(w, i.operand(2));
  Pending& entry = m.issue(w, w.scalar_memory, i, Landing::kScalars);
  Machine::expect(w, entry, i.operand(0));
  const size_t bytes = size_t{4} * entry.words;
  std::memcpy(entry.data[0], m.memory.at(address & ~uint64_t{3}, bytes, false), bytes);
}

void buffer_load(Machine& m, Wave& w, const Instruction& i) {
  const Operand& resource = i.operand(1);
  const uint64_t base = w.sgpr[resource.first] | uint64_t{w.sgpr[resource.first + 1] & 0xffff}
                                                     << 32;
  const uint64_t offset =
      uint64_t{scalar32(w, i.operand(2))} + static_cast<uint32_t>(i.modifiers.offset);
  if ((w.sgpr[resource.first + 1] >> 16 & 0x3fff) != 0) fail("a buffer with a stride");
  Pending& entry = m.issue(w, w.scalar_memory, i, Landing::kScalars);
  Machine::expect(w, entry, i.operand(0));
  for (uint32_t word = 0; word < entry.words; ++word) {
    const uint64_t at = (offset & ~uint64_t{3}) + 4 * word;
    const bool inside = at + 4 <= w.sgpr[resource.first + 2];
    entry.data[0][word] = 0;
    if (inside) std::memcpy(&entry.data[0][word], m.memory.at(base + at, 4, false), 4);
  }
}

/// A clock that counts instructions: only that it goes forward is meant.
void clock(Machine& m, Wave& w, const Instruction& i) {
  Pending& entry = m.issue(w, w.scalar_memory, i, Landing::kScalars);
  Machine::expect(w, entry, i.operand(0));
  std::memcpy(entry.data[0], &m.statistics.instructions, 8);
}
void nothing(Machine&, Wave&, const Instruction&) {}

constexpr uint32_t kLoad = kMemoryAccess | kOwnShadow | kSourceCheck;

const Entry kEntries[] = {
    {"s_load_dword", load, kLoad},
    {"s_load_dwordx2", load, kLoad},
    {"s_load_dwordx3", load, kLoad},
    {"s_load_dwordx4", load, kLoad},
    {"s_load_dwordx8", load, kLoad},
    {"s_load_dwordx16", load, kLoad},
    {"s_buffer_load_dword", buffer_load, kLoad},
    {"s_buffer_load_dwordx2", buffer_load, kLoad},
    {"s_buffer_load_dwordx4", buffer_load, kLoad},
    {"s_buffer_load_dwordx8", buffer_load, kLoad},
    {"s_buffer_load_dwordx16", buffer_load, kLoad},
    {"s_memtime", clock, kOwnShadow},
    {"s_memrealtime", clock, kOwnShadow},
    {"s_dcache_inv", nothing, kNoResult},
    {"s_dcache_wb", nothing, kNoResult},
};

}  // namespace

std::span<const Entry> scalar_memory_entries() { return kEntries; }

}  // namespace octet::amdgcn
