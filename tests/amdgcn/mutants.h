// Kernels made wrong in one instruction, found by pattern over the disassembly: for tests of what
// is seen of them.
#pragma once

#include <string>
#include <vector>

#include "tests/amdgcn/code_object.h"

namespace octet::amdgcn {

enum class MutantKind : uint8_t {
  kWaits,           // s_waitcnt and s_barrier left out
  kOperands,        // a and b of a matrix instruction swapped
  kScaleBytes,      // another byte of a scale's register
  kScaleLanes,      // the scale of the next lane
  kScaleRegisters,  // a register that is another matrix instruction's scale
  kReadSwizzles,    // a constant of an LDS address on the reading side alone
  kReadRows,        // a constant of an address that global memory is read at
  kWrittenRows,     // one of an address that global memory alone, or LDS, is written at
  kLdsOffsets,      // a read of LDS one element on
};
inline constexpr MutantKind kAllMutantKinds[] = {
    MutantKind::kWaits,      MutantKind::kOperands,       MutantKind::kScaleBytes,
    MutantKind::kScaleLanes, MutantKind::kScaleRegisters, MutantKind::kReadSwizzles,
    MutantKind::kReadRows,   MutantKind::kWrittenRows,    MutantKind::kLdsOffsets};
const char* name_of(MutantKind kind);

struct Mutant {
  size_t index;  // of the kernel's instructions
  uint64_t address;
  std::string text;      // as Alteration has it
  std::string original;  // of the instruction
};

/// In the order of addresses, where runs came by `executed` (amdgcn::Executed of each instruction):
/// so did they to what an address is of. Throws Error where one of them is no instruction that is
/// known.
std::vector<Mutant> mutants_of(const KernelCode& kernel, MutantKind kind,
                               const std::vector<uint8_t>& executed);

}  // namespace octet::amdgcn
