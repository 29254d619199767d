// What memory the results of a kernel's instructions are addresses of.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/amdgcn/code_object.h"

namespace octet::amdgcn {

enum Access : uint8_t { kReadsLds = 1, kWritesLds = 2, kLoads = 4, kStores = 8 };

/// Of each instruction, what its vector result is an address of: by the last definition before each
/// use, of instructions that ran (amdgcn::Executed of each). Why no scalar ones: they are quotients
/// and bounds, and of the whole wave.
std::vector<uint8_t> accesses_of_results(const KernelCode& kernel,
                                         const std::vector<uint8_t>& executed);

}  // namespace octet::amdgcn
