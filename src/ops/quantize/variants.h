// The CPU kernels of quantize and of kv_append.
#pragma once

#include "src/cpu/tier_kernels.h"
#include "src/ops/quantize/cpu/kernel.h"

namespace octet::ops::quantize {

using Variant = octet::cpu::TierKernel<cpu::Kernel>;

/// Those of this build, fastest first, the reference last.
std::span<const Variant> variants();

using AppendVariant = octet::cpu::TierKernel<cpu::AppendKernel>;
std::span<const AppendVariant> append_variants();

}  // namespace octet::ops::quantize
