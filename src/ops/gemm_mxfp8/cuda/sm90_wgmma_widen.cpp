#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen.h"

namespace octet::ops::gemm_mxfp8 {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_mxfp8_sm90_wgmma_widen[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_wgmma_widen", octet_code_gemm_mxfp8_sm90_wgmma_widen};

gpu::Kernel widen_tokens(kCode, "octet_sm90_mx_widen_tokens", 0);

#define OCTET_KERNEL(M, N, GROUPS, STAGES, SPLIT)                                     \
  gpu::Kernel(kCode, "octet_sm90_mx_wgmma_widen_" #M "x" #N "_g" #GROUPS "_c" #SPLIT, \
              WidenShape{M, N, GROUPS, STAGES, SPLIT}.shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_MX_WIDEN_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90WgmmaWiden::supports(const Config& c, const Problem& problem, const Device&) {
  if (c.split > 1 && problem.k < 128 * c.split) {
    return select::Support::no(
        fmt::format("{} blocks share k: needs at least {}", c.split, 128 * c.split));
  }
  return cuda::supports_tensor_maps(problem);
}

cuda::LaunchPlan Sm90WgmmaWiden::plan(int index, const Problem& problem, int cu_num) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
  plan.widen = &widen_tokens;
#endif
  constexpr int64_t kThreads = 128, kMaxRows = 4096;
  plan.widen_shape.grid_x = static_cast<uint32_t>((problem.k / 16 + kThreads - 1) / kThreads);
  plan.widen_shape.grid_y = static_cast<uint32_t>(std::min(problem.m, kMaxRows));
  plan.widen_shape.block_x = kThreads;
  plan.widen_shape.dependent = true;  // it waits before it reads
  plan.split = c.split;
  plan.a_box_rows = c.block_m;
  plan.b_box_rows = c.block_n;
  plan.shape.grid_x = static_cast<uint32_t>(
      c.grid(static_cast<int>(problem.m), static_cast<int>(problem.n), cu_num));
  plan.shape.block_x = static_cast<uint32_t>(c.threads());
  plan.shape.cluster = static_cast<uint32_t>(c.split);
  plan.shape.shared_bytes = static_cast<uint32_t>(c.shared_bytes());
  plan.shape.dependent = true;  // overlaps the launch that widens tokens
  return plan;
}

}  // namespace octet::ops::gemm_mxfp8
