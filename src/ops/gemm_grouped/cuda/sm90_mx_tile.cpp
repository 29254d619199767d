#include "src/ops/gemm_grouped/cuda/sm90_mx_tile.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_mx_tile[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_mx_tile", octet_code_gemm_grouped_sm90_mx_tile};

#define OCTET_KERNEL(STAGES) \
  gpu::Kernel(kCode, "octet_sm90_moe_mx_tile_s" #STAGES, mx_tile_shape(STAGES).shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_MX_TILE_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90MxTile::supports(const Config&, const Problem& problem, const Device&) {
  if (problem.format != Format::kMxfp8) {
    return select::Support::no("takes scales of 32 of k (e8m0)");
  }
  return cuda::supports_slots(TileShape::kSlots, problem, 32);
}

cuda::LaunchPlan Sm90MxTile::plan(int index, const Problem&, const Device& device) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  cuda::LaunchPlan plan = cuda::plan_tile(c, device);
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
#endif
  plan.scale_words = false;
  return plan;
}

}  // namespace octet::ops::gemm_grouped
