// Other instructions in place of one of the kernel.
#include <algorithm>
#include <cstring>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/machine.h"

namespace octet::amdgcn {
namespace {

bool same(const WaveState& a, const WaveState& b) {
  return std::memcmp(a.vgpr, b.vgpr, sizeof a.vgpr) == 0 &&
         std::memcmp(a.undefined, b.undefined, sizeof a.undefined) == 0 &&
         std::memcmp(a.sgpr, b.sgpr, sizeof a.sgpr) == 0 &&
         std::memcmp(a.sgpr_undefined, b.sgpr_undefined, sizeof a.sgpr_undefined) == 0 &&
         a.scc == b.scc && a.scc_undefined == b.scc_undefined && a.status == b.status &&
         a.pc == b.pc;
}

int under_way(const Wave& w) {
  return w.vector_memory.size() + w.lds.size() + w.scalar_memory.size();
}

}  // namespace

std::vector<Instruction> decode_alteration(const KernelCode& kernel, const Alteration& alteration) {
  if (alteration.address == Alteration().address) return {};
  const auto original =
      std::find_if(kernel.instructions.begin(), kernel.instructions.end(),
                   [&](const Instruction& i) { return i.address == alteration.address; });
  if (original == kernel.instructions.end()) {
    fail("alteration: {} has no instruction at {:#x}", kernel.name, alteration.address);
  }
  std::vector<Instruction> others;
  constexpr std::string_view kBetween = "; ";
  for (std::string_view rest = alteration.text; !rest.empty();) {
    const size_t end = std::min(rest.find(kBetween), rest.size());
    Instruction other = decode(rest.substr(0, end));
    if (!other.problem.empty()) fail("alteration: {}", other.problem);
    other.address = original->address, other.bytes = original->bytes;
    other.target = original->target;
    others.push_back(std::move(other));
    rest.remove_prefix(std::min(end + kBetween.size(), rest.size()));
  }
  return others;
}

void Machine::execute_altered(Wave& w, const Instruction& i) {
  switch (launch_.alteration.use) {
    case Alteration::Use::kTrap:
      fail("the trap");
    case Alteration::Use::kCompare:
      return compare_altered(w, i);
    case Alteration::Use::kReplace:
      for (const Instruction& other : altered_) execute(w, other);
  }
}

/// What the others do to memory and its queues could not be taken back: it counts as a difference.
void Machine::compare_altered(Wave& w, const Instruction& i) {
  const WaveState before = w;
  for (const Instruction& other : altered_) {
    if ((other.flags & kMemoryAccess) != 0 || other.text.starts_with("s_wait")) {
      fail("it makes a difference");
    }
    execute(w, other);
  }
  const WaveState others = w;
  static_cast<WaveState&>(w) = before;
  const int operations = under_way(w);
  execute(w, i);
  if (!same(w, others) || under_way(w) != operations) fail("it makes a difference");
}

}  // namespace octet::amdgcn
