#include "src/ops/gemm_mxfp8/hip/gfx950_mfma.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_GFX950_CODE(kScaledMfmaCode, gemm_mxfp8, gfx950_mfma);

namespace {
#define OCTET_TILE(M, N, WAVES, HELD) \
  gpu::Kernel(kScaledMfmaCode, "octet_gfx950_mfma_" #M "x" #N "_w" #WAVES, 0),
const gpu::Kernel kScaledKernels[] = {OCTET_GFX950_MX_TILES(OCTET_TILE)};
#undef OCTET_TILE
}  // namespace

hip::LaunchPlan Gfx950Mfma::plan(int index, const Problem& problem) {
  hip::LaunchPlan plan = hip::plan_tiles(kConfigs[static_cast<size_t>(index)].shape, problem);
  plan.kernel = &kernel_of(kScaledKernels, index);
  return plan;
}

std::span<const gpu::Kernel> Gfx950Mfma::device_code(int index) {
  return {&kernel_of(kScaledKernels, index), 1};
}

}  // namespace octet::ops::gemm_mxfp8
