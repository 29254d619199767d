// The CPU kernels of moe_reduce.
#pragma once

#include "src/cpu/tier_kernels.h"
#include "src/ops/moe_reduce/cpu/kernel.h"

namespace octet::ops::moe_reduce {

using Variant = octet::cpu::TierKernel<cpu::Kernel>;

/// Those of this build, fastest first, the reference last.
std::span<const Variant> variants();

}  // namespace octet::ops::moe_reduce
