#include "src/ops/gemm_mxfp8/hip/gfx942_mfma.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_GFX942_CODE(kMfmaCode, gemm_mxfp8, gfx942_mfma);

namespace {
#define OCTET_TILE(M, N, WAVES, HELD) \
  gpu::Kernel(kMfmaCode, "octet_gfx942_mfma_" #M "x" #N "_w" #WAVES, 0),
const gpu::Kernel kKernels[] = {OCTET_GFX942_MX_TILES(OCTET_TILE)};
#undef OCTET_TILE
}  // namespace

hip::LaunchPlan Gfx942Mfma::plan(int index, const Problem& problem) {
  hip::LaunchPlan plan = hip::plan_tiles(kConfigs[static_cast<size_t>(index)].shape, problem);
  plan.kernel = &kernel_of(kKernels, index);
  plan.scale_alignment = 4;
  return plan;
}

std::span<const gpu::Kernel> Gfx942Mfma::device_code(int index) {
  return {&kernel_of(kKernels, index), 1};
}

}  // namespace octet::ops::gemm_mxfp8
