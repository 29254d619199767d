#include "tests/amdgcn/accesses.h"

#include <algorithm>

namespace octet::amdgcn {
namespace {

/// What an instruction accesses, and the operand that is no part of the address.
struct Accessed {
  uint8_t access = 0;
  int data = -1;
};
Accessed accessed_by(const Instruction& i) {
  const auto begins = [&](std::string_view with) { return i.text.starts_with(with); };
  if (begins("ds_read")) return {kReadsLds, 0};
  if (begins("ds_write")) return {kWritesLds, 1};
  if (begins("global_store") || begins("flat_store")) return {kStores, 1};
  if (begins("buffer_store")) return {kStores, 0};
  if (begins("global_load") || begins("buffer_load")) return {kLoads, i.modifiers.lds ? -1 : 0};
  return {};
}

bool is_of(const Range& vectors, const Operand& operand) {
  return operand.kind == OperandKind::kVector && vectors.first == operand.first;
}

/// Whether it may be part of an address.
bool is_integer(const Instruction& i) {
  constexpr std::string_view kOthers[] = {"_f16", "_f32", "_bf16", "mfma", "_load", "ds_read"};
  return std::none_of(std::begin(kOthers), std::end(kOthers), [&](std::string_view other) {
    return i.text.substr(0, i.text.find(' ')).find(other) != std::string::npos;
  });
}

}  // namespace

std::vector<uint8_t> accesses_of_results(const KernelCode& kernel,
                                         const std::vector<uint8_t>& executed) {
  const auto& code = kernel.instructions;
  constexpr size_t kNone = ~size_t{0};
  std::vector<size_t> defined(kVectorRegisters, kNone);  // the instruction that did
  std::vector<std::vector<size_t>> sources(code.size()), addresses(code.size());
  for (size_t n = 0; n < code.size(); ++n) {
    const Instruction& i = code[n];
    const Accessed accessed = accessed_by(i);
    for (int use = 0; use < i.num_uses; ++use) {
      const Range& range = i.uses[use];
      if (range.file != Range::File::kVector) continue;
      if (accessed.data >= 0 && is_of(range, i.operand(accessed.data))) continue;
      if (i.text.starts_with("ds_write2") && is_of(range, i.operand(2))) continue;
      for (int r = 0; r < range.count; ++r) {
        const size_t from = defined[static_cast<size_t>(range.first + r)];
        if (from != kNone) (accessed.access != 0 ? addresses : sources)[n].push_back(from);
      }
    }
    for (int def = 0; def < i.num_defs; ++def) {
      const Range& range = i.defs[def];
      if (range.file != Range::File::kVector) continue;
      std::fill_n(&defined[range.first], range.count, n);
    }
  }
  std::vector<uint8_t> accesses(code.size());
  for (size_t n = code.size(); n-- > 0;) {
    if (executed[n] == 0) continue;
    for (const size_t from : addresses[n]) accesses[from] |= accessed_by(code[n]).access;
    if (!is_integer(code[n])) continue;
    for (const size_t from : sources[n]) accesses[from] |= accesses[n];
  }
  return accesses;
}

}  // namespace octet::amdgcn
