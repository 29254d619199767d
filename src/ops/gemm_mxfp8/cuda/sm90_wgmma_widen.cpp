#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen.h"

#include "src/device/embedded_kernels.h"
#include "src/ops/gemm_mxfp8/cuda/tile_plan.h"

namespace octet::ops::gemm_mxfp8 {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_mxfp8_sm90_wgmma_widen[];
extern "C" const unsigned char octet_code_gemm_mxfp8_sm90_widen_tokens[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_wgmma_widen", octet_code_gemm_mxfp8_sm90_wgmma_widen};

constexpr gpu::CodeObject kTokenCode{"sm90_widen_tokens", octet_code_gemm_mxfp8_sm90_widen_tokens};

gpu::Kernel widen_tokens(kTokenCode, "octet_sm90_mx_widen_tokens", 0);

#define OCTET_KERNEL(M, N, GROUPS, STAGES, SPLIT)                                     \
  gpu::Kernel(kCode, "octet_sm90_mx_wgmma_widen_" #M "x" #N "_g" #GROUPS "_c" #SPLIT, \
              widen_shape(M, N, GROUPS, STAGES, SPLIT).shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_MX_WIDEN_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90WgmmaWiden::supports(const Config& c, const Problem& problem, const Device&) {
  return cuda::supports_tiles(c, problem);
}

cuda::LaunchPlan Sm90WgmmaWiden::plan(int index, const Problem& problem, int cu_num) {
  cuda::LaunchPlan plan = cuda::tile_plan(kConfigs[static_cast<size_t>(index)], problem, cu_num);
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
  plan.widen = &widen_tokens;
#endif
  constexpr int64_t kThreads = 128, kMaxRows = 4096;
  plan.widen_shape.grid_x = static_cast<uint32_t>((problem.k / 16 + kThreads - 1) / kThreads);
  plan.widen_shape.grid_y = static_cast<uint32_t>(std::min(problem.m, kMaxRows));
  plan.widen_shape.block_x = kThreads;
  plan.widen_shape.dependent = true;  // it waits before it reads; the kernel overlaps it
  return plan;
}

std::span<const gpu::Kernel> Sm90WgmmaWiden::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[index], 1);
}

}  // namespace octet::ops::gemm_mxfp8
