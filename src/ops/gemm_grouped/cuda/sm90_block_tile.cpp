#include "src/ops/gemm_grouped/cuda/sm90_block_tile.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_block_tile[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_block_tile", octet_code_gemm_grouped_sm90_block_tile};

#define OCTET_KERNEL(WAVES, STAGES)                                     \
  gpu::Kernel(kCode, "octet_sm90_moe_block_tile_w" #WAVES "_s" #STAGES, \
              TileShape{WAVES, STAGES}.shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90BlockTile::supports(const Config&, const Problem& problem, const Device&) {
  if (problem.format != Format::kBlockscale) {
    return select::Support::no("takes scales of blocks of 128 (float32)");
  }
  return cuda::supports_slots(TileShape::kSlots, problem);
}

cuda::LaunchPlan Sm90BlockTile::plan(int index, const Problem&, const Device& device) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
#endif
  plan.b_box_rows = c.block_n();
  plan.shape.grid_x = static_cast<uint32_t>(device.cu_num);
  plan.shape.block_x = TileShape::kThreads;
  plan.shape.shared_bytes = static_cast<uint32_t>(c.shared_bytes());
  plan.shape.dependent = true;  // the kernel waits before it reads
  return plan;
}

}  // namespace octet::ops::gemm_grouped
