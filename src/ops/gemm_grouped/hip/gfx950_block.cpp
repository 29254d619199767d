#include "src/ops/gemm_grouped/hip/gfx950_block.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

OCTET_GFX950_CODE(kGfx950BlockCode, gemm_grouped, gfx950_block);

namespace {
#define OCTET_TILE(SLOTS, N, WAVES, HELD) \
  gpu::Kernel(kGfx950BlockCode, "octet_gfx950_moe_block_" #SLOTS "x" #N "_w" #WAVES, 0),
const gpu::Kernel kGfx950Block[] = {OCTET_HIP_MOE_BLOCK_TILES(OCTET_TILE)};
#undef OCTET_TILE
}  // namespace

hip::LaunchPlan Gfx950Block::plan(int index, const Problem&) {
  hip::LaunchPlan plan;
  plan.kernel = &kGfx950Block[index];
  plan.tile = kConfigs[static_cast<size_t>(index)].shape;
  return plan;
}

std::span<const gpu::Kernel> Gfx950Block::device_code(int index) {
  return {&kGfx950Block[index], 1};
}

}  // namespace octet::ops::gemm_grouped
