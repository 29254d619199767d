#include "src/ops/gemm_grouped/hip/gfx942_block.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

OCTET_GFX942_CODE(kGfx942BlockCode, gemm_grouped, gfx942_block);

namespace {
#define OCTET_TILE(SLOTS, N, WAVES, HELD) \
  gpu::Kernel(kGfx942BlockCode, "octet_gfx942_moe_block_" #SLOTS "x" #N "_w" #WAVES, 0),
const gpu::Kernel kGfx942Block[] = {OCTET_HIP_MOE_BLOCK_TILES(OCTET_TILE)};
#undef OCTET_TILE
}  // namespace

hip::LaunchPlan Gfx942Block::plan(int index, const Problem&) {
  hip::LaunchPlan plan;
  plan.kernel = &kGfx942Block[index];
  plan.tile = kConfigs[static_cast<size_t>(index)].shape;
  return plan;
}

std::span<const gpu::Kernel> Gfx942Block::device_code(int index) {
  return {&kGfx942Block[index], 1};
}

}  // namespace octet::ops::gemm_grouped
