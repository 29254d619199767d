// The CPU kernels of quantize.
#pragma once

#include "src/cpu/tier_kernels.h"
#include "src/ops/quantize/cpu/kernel.h"

namespace octet::ops::quantize {

using Variant = octet::cpu::TierKernel<cpu::Kernel>;

/// Those of this build, fastest first, the reference last.
std::span<const Variant> variants();

}  // namespace octet::ops::quantize
