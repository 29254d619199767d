#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_tile.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_blockscale {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_blockscale_sm90_wgmma_tile[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_wgmma_tile", octet_code_gemm_blockscale_sm90_wgmma_tile};

#define OCTET_KERNEL(BLOCK_M, BLOCK_N, STAGES, SUFFIX, SHARE_A, SHARE_B, SPLIT_K)         \
  gpu::Kernel(kCode, "octet_sm90_wgmma_tile_" #BLOCK_M "x" #BLOCK_N "_s" #STAGES #SUFFIX, \
              Sm90TileConfig{BLOCK_M, BLOCK_N, STAGES, SHARE_A, SHARE_B, SPLIT_K}.shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_TILE_CONFIGS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90WgmmaTile::supports(const Config& c, const Problem& problem, const Device&) {
  if (problem.num_k_blocks() < c.tile.split_k) {
    return select::Support::no(
        fmt::format("{} blocks share k: needs at least {}", c.tile.split_k, 128 * c.tile.split_k));
  }
  return cuda::supports_tensor_maps(problem);
}

cuda::LaunchPlan Sm90WgmmaTile::plan(int index, const Problem& problem, int cu_num) {
  const Sm90TileConfig& c = kConfigs[static_cast<size_t>(index)].tile;
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
#endif
  plan.split = c.split_k;
  plan.a_box_rows = c.a_box_rows();
  plan.b_box_rows = c.b_box_rows();
  plan.a_scale_box = c.block_m;
  plan.d_box_rows = c.d_box_rows();
  plan.d_box_cols = c.d_box_columns();
  plan.shape.grid_x = static_cast<uint32_t>(
      c.grid(static_cast<int>(problem.m), static_cast<int>(problem.n), cu_num / c.cluster()));
  plan.shape.block_x = static_cast<uint32_t>(c.threads());
  plan.shape.cluster = static_cast<uint32_t>(c.cluster());
  plan.shape.shared_bytes = static_cast<uint32_t>(c.shared_bytes());
  plan.shape.dependent = true;  // the kernel waits before it reads
  return plan;
}

std::span<const gpu::Kernel> Sm90WgmmaTile::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[index], 1);
}

}  // namespace octet::ops::gemm_blockscale
