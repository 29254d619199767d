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

/// Operations but for stores, which no later instruction of the wave needs.
int under_way(const Wave& w) {
  int loads = 0;
  for (const Queue* queue : {&w.vector_memory, &w.lds, &w.scalar_memory}) {
    for (int n = 0; n < queue->size(); ++n) {
      const Landing landing = queue->at(n).landing;
      loads += landing != Landing::kNothing && landing != Landing::kStore;
    }
  }
  return loads;
}

/// Lanes of registers of which both know another value become undefined, and the same in both.
void set_undefined_where_other(WaveState& a, WaveState& b, const Range& registers) {
  for (int r = registers.first; r < registers.first + registers.count; ++r) {
    for (int l = 0; l < kLanes; ++l) {
      if (a.vgpr[r][l] != b.vgpr[r][l]) a.undefined[r] |= uint64_t{1} << l;
      b.vgpr[r][l] = a.vgpr[r][l];
    }
    b.undefined[r] = a.undefined[r] |= b.undefined[r];
  }
}

}  // namespace

std::vector<Instruction> decode_alteration(const KernelCode& kernel, const Alteration& alteration) {
  if (!alteration.altered()) return {};
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
  if (launch_.alteration.use == Alteration::Use::kCompare) return compare_altered(w, i);
  for (const Instruction& other : altered_) execute(w, other);
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
  WaveState others = w;
  static_cast<WaveState&>(w) = before;
  const int operations = under_way(w);
  execute(w, i);
  for (int n = 0; n < i.num_defs; ++n) {
    if (i.defs[n].file == Range::File::kVector) set_undefined_where_other(w, others, i.defs[n]);
  }
  if (!same(w, others) || under_way(w) != operations) fail("it makes a difference");
}

}  // namespace octet::amdgcn
