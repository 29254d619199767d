#include "tests/amdgcn/redundant.h"

#include <algorithm>
#include <functional>

#include "tests/amdgcn/launch.h"

namespace octet::amdgcn {
namespace {

bool begins(const Instruction& i, std::string_view with) { return i.text.starts_with(with); }
bool is_wait(const Instruction& i) { return begins(i, "s_waitcnt"); }
bool is_barrier(const Instruction& i) { return begins(i, "s_barrier"); }

/// Of those that `counter` counts.
enum class Counter : uint8_t { kVector, kLgkm };
bool counts(const Instruction& i, Counter counter) {
  if (counter == Counter::kLgkm) return begins(i, "ds_") || begins(i, "s_load");
  return begins(i, "global_") || begins(i, "buffer_load") || begins(i, "buffer_store") ||
         begins(i, "buffer_atomic");
}
uint8_t count_of(const Instruction& wait, Counter counter) {
  return counter == Counter::kVector ? wait.modifiers.vmcnt : wait.modifiers.lgkmcnt;
}
constexpr uint8_t kAny = Modifiers().vmcnt;  // of a counter that the wait does not name

bool writes_lds(const Instruction& i) {
  return begins(i, "ds_write") || begins(i, "ds_add") || i.modifiers.lds;
}
/// LDS or global memory.
bool writes(const Instruction& i) {
  return writes_lds(i) || i.text.find("_store") != std::string::npos;
}

std::vector<size_t> next_of(const KernelCode& kernel, size_t n, Taken taken) {
  const Instruction& i = kernel.instructions[n];
  if (begins(i, "s_endpgm")) return {};
  const int ways = taken == nullptr ? kWentOn | kJumped : (*taken)[n];
  std::vector<size_t> next;
  if ((ways & kWentOn) != 0 && !begins(i, "s_branch")) next.push_back(n + 1);
  if ((ways & kJumped) != 0 && (begins(i, "s_branch") || begins(i, "s_cbranch"))) {
    next.push_back(i.target);
  }
  return next;
}

/// Visits instructions from `starts` on, along `edges`, as long as `goes_on` says so of them.
void walk(const std::vector<std::vector<size_t>>& edges, std::vector<size_t> starts,
          const std::function<bool(size_t)>& goes_on) {
  std::vector<bool> seen(edges.size());
  while (!starts.empty()) {
    const size_t n = starts.back();
    starts.pop_back();
    if (n >= edges.size() || seen[n]) continue;
    seen[n] = true;
    if (goes_on(n)) starts.insert(starts.end(), edges[n].begin(), edges[n].end());
  }
}

class Paths {
 public:
  Paths(const KernelCode& kernel, Taken taken) : kernel_(kernel) {
    before_.resize(kernel.instructions.size());
    for (size_t n = 0; n < kernel.instructions.size(); ++n) {
      next_.push_back(next_of(kernel, n, taken));
      for (const size_t to : next_[n]) {
        if (to < before_.size()) before_[to].push_back(n);
      }
    }
  }

  /// What may be under way at a wait: operations with a way there on which nothing waits for them.
  /// Why who touches their results counts: the kernel as it is waited before.
  std::vector<size_t> under_way(size_t index, Counter counter) const {
    std::vector<size_t> operations;
    for (size_t n = 0; n < kernel_.instructions.size(); ++n) {
      if (!counts(kernel_.instructions[n], counter)) continue;
      bool reaches = false;
      walk(next_, next_[n], [&](size_t to) {
        reaches = reaches || to == index;
        const Instruction& i = kernel_.instructions[to];
        return !reaches && !(is_wait(i) && count_of(i, counter) == 0) && !touches(i, {n});
      });
      if (reaches) operations.push_back(n);
    }
    return operations;
  }

  bool is_covered(size_t index, Counter counter) const {
    const Instruction& wait = kernel_.instructions[index];
    const std::vector<size_t> pending = under_way(index, counter);
    const bool stores = std::any_of(pending.begin(), pending.end(),
                                    [&](size_t n) { return writes(kernel_.instructions[n]); });
    bool covered = true;
    walk(next_, next_[index], [&](size_t n) {
      const Instruction& i = kernel_.instructions[n];
      if (is_wait(i) && count_of(i, counter) <= count_of(wait, counter)) return false;
      if (touches(i, pending) || (stores && is_barrier(i))) covered = false;
      return covered;
    });
    return covered;
  }

  /// What LDS is used for between a barrier and those next to it, on one side.
  struct LdsUse {
    bool any = false, writes = false;
  };
  LdsUse lds_use(size_t barrier, bool behind) const {
    LdsUse use;
    const auto& edges = behind ? next_ : before_;
    walk(edges, edges[barrier], [&](size_t n) {
      const Instruction& i = kernel_.instructions[n];
      use.writes = use.writes || writes_lds(i);
      use.any = use.any || writes_lds(i) || begins(i, "ds_read");
      return !is_barrier(i);
    });
    return use;
  }

 private:
  /// Whether it reads or writes a register that one of the operations writes.
  bool touches(const Instruction& i, const std::vector<size_t>& operations) const {
    const auto meet = [](const Range& a, const Range& b) {
      return (a.file == Range::File::kVector) == (b.file == Range::File::kVector) &&
             a.first < b.first + b.count && b.first < a.first + a.count;
    };
    return std::any_of(operations.begin(), operations.end(), [&](size_t n) {
      const Instruction& from = kernel_.instructions[n];
      return std::any_of(from.defs, from.defs + from.num_defs, [&](const Range& def) {
        const auto met = [&](const Range& range) { return meet(def, range); };
        return std::any_of(i.uses, i.uses + i.num_uses, met) ||
               std::any_of(i.defs, i.defs + i.num_defs, met);
      });
    });
  }

  const KernelCode& kernel_;
  std::vector<std::vector<size_t>> next_, before_;
};

}  // namespace

bool is_covered_wait(const KernelCode& kernel, size_t index, Taken taken) {
  const Instruction& wait = kernel.instructions[index];
  if (!is_wait(wait)) return false;
  const Paths paths(kernel, taken);
  const auto covered = [&](Counter counter) {
    return count_of(wait, counter) == kAny || paths.is_covered(index, counter);
  };
  return covered(Counter::kVector) && covered(Counter::kLgkm);
}

bool is_wait_for_registers(const KernelCode& kernel, size_t index, Taken taken) {
  if (!is_wait(kernel.instructions[index])) return false;
  const Paths paths(kernel, taken);
  const auto none_writes = [&](Counter counter) {
    if (count_of(kernel.instructions[index], counter) == kAny) return true;
    const std::vector<size_t> operations = paths.under_way(index, counter);
    return std::none_of(operations.begin(), operations.end(),
                        [&](size_t n) { return writes_lds(kernel.instructions[n]); });
  };
  return none_writes(Counter::kVector) && none_writes(Counter::kLgkm);
}

bool is_idle_barrier(const KernelCode& kernel, size_t index, Taken taken) {
  if (!is_barrier(kernel.instructions[index])) return false;
  const Paths paths(kernel, taken);
  const auto before = paths.lds_use(index, false), behind = paths.lds_use(index, true);
  return !(before.writes && behind.any) && !(before.any && behind.writes);
}

bool is_between_workgroups(const KernelCode& kernel, size_t index) {
  if (!is_wait(kernel.instructions[index]) && !is_barrier(kernel.instructions[index])) return false;
  for (size_t n = index; n-- > 0;) {
    const Instruction& i = kernel.instructions[n];
    if (begins(i, "buffer_wbl2")) return true;
    if (!is_wait(i) && !begins(i, "buffer_inv")) return false;
  }
  return false;
}

}  // namespace octet::amdgcn
