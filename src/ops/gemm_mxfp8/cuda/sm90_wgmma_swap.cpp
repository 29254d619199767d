#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_swap.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_mxfp8 {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_mxfp8_sm90_wgmma_swap[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_wgmma_swap", octet_code_gemm_mxfp8_sm90_wgmma_swap};

#define OCTET_KERNEL(M, N, GROUPS, STAGES)                               \
  gpu::Kernel(kCode, "octet_sm90_mx_wgmma_swap_" #M "x" #N "_g" #GROUPS, \
              swap_shape(M, N, GROUPS, STAGES).shared_bytes(kSwapMaxSplit)),
gpu::Kernel kernels[] = {OCTET_SM90_MX_SWAP_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90WgmmaSwap::supports(const Config& c, const Problem& problem, const Device&) {
  if (c.split > 1 && problem.k < 256 * c.split) {
    return select::Support::no(
        fmt::format("{} blocks share k: needs at least {}", c.split, 256 * c.split));
  }
  if (problem.m > c.shape.block_m) {
    return select::Support::no(fmt::format("m = {}, at most {}", problem.m, c.shape.block_m));
  }
  return cuda::supports_tensor_maps(problem);
}

cuda::LaunchPlan Sm90WgmmaSwap::plan(int index, const Problem& problem, int cu_num) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  const int64_t tiles = (problem.n + c.shape.block_n - 1) / c.shape.block_n;
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[static_cast<size_t>(index) / std::size(kSwapSplits)];
#endif
  plan.split = c.split;
  plan.a_box_rows = c.shape.block_m;
  plan.b_box_rows = c.shape.block_n;
  const int64_t blocks = c.split > 1 ? tiles * c.split : std::min<int64_t>(tiles, cu_num);
  plan.shape.grid_x = static_cast<uint32_t>(blocks);
  plan.shape.block_x = static_cast<uint32_t>(c.shape.threads());
  plan.shape.dependent = true;  // the kernel waits before it reads activations
  plan.shape.cluster = static_cast<uint32_t>(c.split);
  plan.shape.shared_bytes = static_cast<uint32_t>(c.shape.shared_bytes(c.split));
  return plan;
}

std::span<const gpu::Kernel> Sm90WgmmaSwap::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[static_cast<size_t>(index) / std::size(kSwapSplits)], 1);
}

}  // namespace octet::ops::gemm_mxfp8
