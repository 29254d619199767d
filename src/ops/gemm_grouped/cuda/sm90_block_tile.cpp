#include "src/ops/gemm_grouped/cuda/sm90_block_tile.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_block_tile[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_block_tile", octet_code_gemm_grouped_sm90_block_tile};

#define OCTET_KERNEL(WAVES, STAGES, TALL, SHARES)                                               \
  gpu::Kernel(kCode, "octet_sm90_moe_block_tile_w" #WAVES "_s" #STAGES "_t" #TALL "_c" #SHARES, \
              block_tile_shape(WAVES, STAGES, TALL, SHARES).shared_bytes()),
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
  cuda::LaunchPlan plan = cuda::plan_tile(c, device);
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
#endif
  return plan;
}

std::span<const gpu::Kernel> Sm90BlockTile::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[index], 1);
}

}  // namespace octet::ops::gemm_grouped
