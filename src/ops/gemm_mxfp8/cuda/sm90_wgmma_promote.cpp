#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_promote.h"

#include "src/device/embedded_kernels.h"
#include "src/ops/gemm_mxfp8/cuda/tile_plan.h"

namespace octet::ops::gemm_mxfp8 {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_mxfp8_sm90_wgmma_promote[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_wgmma_promote", octet_code_gemm_mxfp8_sm90_wgmma_promote};

#define OCTET_KERNEL(M, N, GROUPS, STAGES, SPLIT)                                       \
  gpu::Kernel(kCode, "octet_sm90_mx_wgmma_promote_" #M "x" #N "_g" #GROUPS "_c" #SPLIT, \
              promote_shape(M, N, GROUPS, STAGES, SPLIT).shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_MX_PROMOTE_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90WgmmaPromote::supports(const Config& c, const Problem& problem, const Device&) {
  return cuda::supports_tiles(c, problem);
}

cuda::LaunchPlan Sm90WgmmaPromote::plan(int index, const Problem& problem, int cu_num) {
  cuda::LaunchPlan plan = cuda::tile_plan(kConfigs[static_cast<size_t>(index)], problem, cu_num);
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
#endif
  return plan;
}

std::span<const gpu::Kernel> Sm90WgmmaPromote::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[index], 1);
}

}  // namespace octet::ops::gemm_mxfp8
