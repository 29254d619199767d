#include "src/ops/gemm_grouped/hip/gfx942_mx.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

OCTET_GFX942_CODE(kGfx942MxCode, gemm_grouped, gfx942_mx);

namespace {
#define OCTET_TILE(SLOTS, N, WAVES, HELD) \
  gpu::Kernel(kGfx942MxCode, "octet_gfx942_moe_mx_" #SLOTS "x" #N "_w" #WAVES, 0),
const gpu::Kernel kGfx942Mx[] = {OCTET_GFX942_MOE_MX_TILES(OCTET_TILE)};
#undef OCTET_TILE
}  // namespace

hip::LaunchPlan Gfx942Mx::plan(int index, const Problem&) {
  hip::LaunchPlan plan;
  plan.kernel = &kGfx942Mx[index];
  plan.tile = kConfigs[static_cast<size_t>(index)].shape;
  plan.scale_alignment = 4;
  return plan;
}

std::span<const gpu::Kernel> Gfx942Mx::device_code(int index) { return {&kGfx942Mx[index], 1}; }

}  // namespace octet::ops::gemm_grouped
