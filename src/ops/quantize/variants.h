// The CPU kernels of quantize.
#pragma once

#include <span>

#include "octet/device.h"
#include "src/ops/quantize/cpu/kernel.h"

namespace octet::ops::quantize {

struct Variant {
  const char* name;
  Arch arch;  // the oldest tier that runs it
  cpu::Kernel kernel;
};

/// Those of this build, fastest first, the reference last.
std::span<const Variant> variants();

/// The fastest that `device` runs.
const Variant& choose(const Device& device);

}  // namespace octet::ops::quantize
