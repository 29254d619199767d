// The CPU kernels of an op without selection: a list by instruction set, of which the first that
// runs is taken.
#pragma once

#include <algorithm>
#include <span>

#include "octet/device.h"

namespace octet::cpu {

template <class Kernel>
struct TierKernel {
  const char* name;
  Arch arch;  // the oldest tier that runs it
  Kernel kernel;
};

/// Of a list fastest first, the reference last: the fastest that `device` runs.
template <class Kernel>
const TierKernel<Kernel>& fastest(std::span<const TierKernel<Kernel>> all, const Device& device) {
  const auto fits = [&](const TierKernel<Kernel>& v) { return arch_runs(device.arch, v.arch); };
  const auto found = std::find_if(all.begin(), all.end(), fits);
  return found == all.end() ? all.back() : *found;
}

}  // namespace octet::cpu
