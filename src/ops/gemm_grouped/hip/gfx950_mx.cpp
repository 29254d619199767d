#include "src/ops/gemm_grouped/hip/gfx950_mx.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

OCTET_GFX950_CODE(kGfx950MxCode, gemm_grouped, gfx950_mx);

namespace {
#define OCTET_TILE(SLOTS, N, WAVES, HELD) \
  gpu::Kernel(kGfx950MxCode, "octet_gfx950_moe_mx_" #SLOTS "x" #N "_w" #WAVES, 0),
const gpu::Kernel kGfx950Mx[] = {OCTET_GFX950_MOE_MX_TILES(OCTET_TILE)};
#undef OCTET_TILE
}  // namespace

hip::LaunchPlan Gfx950Mx::plan(int index, const Problem&) {
  hip::LaunchPlan plan;
  plan.kernel = &kGfx950Mx[index];
  plan.tile = kConfigs[static_cast<size_t>(index)].shape;
  return plan;
}

std::span<const gpu::Kernel> Gfx950Mx::device_code(int index) { return {&kGfx950Mx[index], 1}; }

}  // namespace octet::ops::gemm_grouped
