// What of a kernel's waits and barriers nothing can show the lack of, by all paths through its
// instructions.
#pragma once

#include <cstddef>

#include "tests/amdgcn/code_object.h"

namespace octet::amdgcn {

/// Ways that runs took, by amdgcn::Executed of each instruction; null: all.
using Taken = const std::vector<uint8_t>*;

/// Whether every way from the s_waitcnt at `index` comes to one that waits for as much, or to the
/// end, before it touches what this one waits for. That nobody writes what reads of LDS under way
/// read is no part of it: the interpreter sees such a race.
bool is_covered_wait(const KernelCode& kernel, size_t index, Taken taken);

/// Whether the s_waitcnt at `index` waits for loads into registers and for stores alone. Who lacks
/// it and is seen by nobody is shown to have another wait in time, on the ways that runs took: the
/// interpreter refuses a register that is touched before one.
bool is_wait_for_registers(const KernelCode& kernel, size_t index, Taken taken);

/// Whether what lies between the s_barrier at `index` and those next to it on all ways would not
/// race without it: neither side writes LDS that the other one uses at all.
bool is_idle_barrier(const KernelCode& kernel, size_t index, Taken taken);

/// Whether the wait or barrier at `index` follows a write-back of the caches: it orders what
/// workgroups tell each other through global memory, which the interpreter does not model.
bool is_between_workgroups(const KernelCode& kernel, size_t index);

}  // namespace octet::amdgcn
