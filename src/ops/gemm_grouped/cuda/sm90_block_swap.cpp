#include "src/ops/gemm_grouped/cuda/sm90_block_swap.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_block_swap[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_block_swap", octet_code_gemm_grouped_sm90_block_swap};

#define OCTET_KERNEL(M, N, GROUPS, STAGES, GATHERERS, BLOCKS)                  \
  gpu::Kernel(                                                                 \
      kCode, "octet_sm90_moe_block_swap_" #M "x" #N "_g" #GROUPS "_b" #BLOCKS, \
      block_swap_shape(M, N, GROUPS, STAGES, GATHERERS, BLOCKS).shared_bytes(kSwapMaxSplit)),
gpu::Kernel kernels[] = {OCTET_SM90_BLOCK_SWAP_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

cuda::LaunchPlan Sm90BlockSwap::plan(int index, const Problem&, const Device& device) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  cuda::LaunchPlan plan = cuda::plan_swap(c.shape, c.split, device);
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[static_cast<size_t>(index) / std::size(kSwapSplits)];
#endif
  return plan;
}

std::span<const gpu::Kernel> Sm90BlockSwap::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[static_cast<size_t>(index) / std::size(kSwapSplits)], 1);
}

}  // namespace octet::ops::gemm_grouped
