#include "src/ops/gemm_batched/hip/gfx942_simple.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

OCTET_GFX942_CODE(kSimpleCode, gemm_batched, gfx942_simple);

namespace {

#define OCTET_KERNEL(NAME, METHOD, ...) gpu::Kernel(kSimpleCode, "octet_gfx942_simple_" #NAME, 0),
const gpu::Kernel kernels[] = {OCTET_HIP_BATCHED_METHODS(OCTET_KERNEL, 0)};
#undef OCTET_KERNEL

}  // namespace

hip::LaunchPlan Gfx942Simple::plan(int, const Problem& problem) {
  return {&kernels[static_cast<int>(hip::method_of(problem.format))], 1, hip::kWaves, true};
}

std::span<const gpu::Kernel> Gfx942Simple::device_code(int) { return kernels; }

}  // namespace octet::ops::gemm_batched
