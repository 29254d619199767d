// One instruction: checks of its sources and results, the handler, and what is undefined after it.
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

std::string register_name(const Range& range, int offset) {
  const int number = range.first + offset;
  if (range.file != Range::File::kVector) return fmt::format("s{}", number);
  return number < kFirstAccumulator ? fmt::format("v{}", number)
                                    : fmt::format("a{}", number - kFirstAccumulator);
}

[[noreturn]] void refuse_pending(const Range& range, int offset, bool write) {
  fail("{} is {} while a load to it has not been waited for", register_name(range, offset),
       write ? "written" : "read");
}

void check_pending(const Wave& w, const Range& range, bool write) {
  const bool vector = range.file == Range::File::kVector;
  const uint8_t* pending = vector ? w.vgpr_pending : w.sgpr_pending;
  for (int r = 0; r < range.count; ++r) {
    if (pending[range.first + r] != 0) refuse_pending(range, r, write);
  }
}

void check_limit(const Wave& w, const Range& range) {
  if (range.file != Range::File::kVector) return;
  const int first = range.first % kFirstAccumulator;
  const int limit = range.first < kFirstAccumulator ? w.num_vector : w.num_accumulators;
  if (first + range.count > limit) {
    fail("{} is beyond the registers of the kernel", register_name(range, range.count - 1));
  }
}

uint64_t undefined_lanes(const Wave& w, const Range& range) {
  uint64_t lanes = 0;
  for (int r = 0; r < range.count; ++r) lanes |= w.undefined[range.first + r];
  return lanes;
}

void add_scalar(const Wave& w, const Range& range, Undefined& sum) {
  for (int r = 0; r < range.count; ++r) {
    const uint32_t bits = w.sgpr_undefined[range.first + r];
    sum.bits[r & 1] |= bits;
    if (bits != 0) sum.lanes = ~uint64_t{0};
  }
}

}  // namespace

Undefined check_sources(const Wave& w, const Instruction& i) {
  Undefined sum;
  for (int n = 0; n < i.num_uses; ++n) {
    const Range& range = i.uses[n];
    check_pending(w, range, false);
    check_limit(w, range);
    if (n > 0 && (i.flags & kLowSource) != 0) continue;
    if (range.file == Range::File::kVector) {
      sum.lanes |= undefined_lanes(w, range);
      sum.first_lanes |= w.undefined[range.first];
    } else if (range.file == Range::File::kMask) {
      sum.lanes |= w.pair_undefined(range.first);
    } else {
      add_scalar(w, range, sum);
      if (w.sgpr_undefined[range.first] != 0) sum.first_lanes = ~uint64_t{0};
    }
  }
  if ((i.flags & kReadsScc) != 0 && w.scc_undefined) {
    sum = {~uint64_t{0}, ~uint64_t{0}, {~0u, ~0u}};
  }
  if (i.modifiers.dpp != DppControl::kNone) {
    sum.lanes = dpp_undefined(i.modifiers, sum.lanes) | sum.lanes;
  }
  const uint64_t active = (i.flags & kVectorOp) != 0 ? w.exec() : ~uint64_t{0};
  if ((i.flags & kSourceCheck) != 0 && (sum.lanes & active) != 0) {
    fail("it depends on an undefined value");
  }
  return sum;
}

namespace {

bool has_load_to(const Queue& queue, const Range& range) {
  for (int n = 0; n < queue.size(); ++n) {
    const Pending& p = queue.at(n);
    const bool load = p.landing == Landing::kRegisters || p.landing == Landing::kLowHalf ||
                      p.landing == Landing::kHighHalf;
    if (load && p.first < range.first + range.count && range.first < p.first + p.words) return true;
  }
  return false;
}

}  // namespace

/// Vector loads of memory land in the order in which they were issued: one may follow another to
/// the same register. Those of LDS have no order among them and these, nor have scalar ones. Halves
/// of a register land one by one.
void check_results(const Wave& w, const Instruction& i) {
  constexpr uint32_t kHalfLoad = kPartialResult | kMemoryAccess;
  if ((i.flags & kHalfLoad) == kHalfLoad) return;
  const bool ordered = (i.flags & kMemoryAccess) != 0 && !i.text.starts_with("ds_");
  for (int n = 0; n < i.num_defs; ++n) {
    const Range& range = i.defs[n];
    const bool follows =
        ordered && range.file == Range::File::kVector && !has_load_to(w.lds, range);
    if (!follows) check_pending(w, range, true);
    check_limit(w, range);
  }
}

namespace {

void mark_vector(Wave& w, const Instruction& i, const Range& range, const Undefined& sources) {
  const uint64_t mask = (i.flags & kIgnoresExec) != 0 ? ~uint64_t{0} : w.mask;
  for (int r = 0; r < range.count; ++r) {
    const bool first = r == 0 && (i.flags & kLowFirst) != 0;
    uint64_t& lanes = w.undefined[range.first + r];
    lanes = (lanes & ~mask) | ((first ? sources.first_lanes : sources.lanes) & mask);
  }
}

void mark_scalar(Wave& w, const Instruction& i, const Range& range, const Undefined& sources) {
  if ((i.flags & kVectorOp) != 0) {  // a lane mask
    w.set_pair_undefined(range.first, sources.lanes & w.mask);
  } else {
    for (int r = 0; r < range.count; ++r) {
      const bool bitwise = (i.flags & kBitwise) != 0;
      w.sgpr_undefined[range.first + r] = bitwise ? sources.bits[r & 1] : sources.any() ? ~0u : 0;
    }
  }
  if (range.first >= kExec && w.pair_undefined(kExec) != 0) {
    fail("EXEC becomes an undefined value");
  }
}

}  // namespace

void mark_results(Wave& w, const Instruction& i, const Undefined& sources) {
  if ((i.flags & kWritesScc) != 0) w.scc_undefined = sources.any();
  for (int n = 0; n < i.num_defs; ++n) {
    const Range& range = i.defs[n];
    if (range.file == Range::File::kVector) {
      mark_vector(w, i, range, sources);
    } else {
      mark_scalar(w, i, range, sources);
    }
  }
}

void Machine::execute(Wave& w, const Instruction& i) {
  if (!i.problem.empty()) throw Error(i.problem);
  w.mask = w.exec();
  if (i.modifiers.dpp != DppControl::kNone) w.mask = dpp_mask(i.modifiers, w.mask);
  const Undefined sources = check_sources(w, i);
  check_results(w, i);
  i.run(*this, w, i);
  if ((i.flags & kOwnShadow) == 0) mark_results(w, i, sources);
}

}  // namespace octet::amdgcn
