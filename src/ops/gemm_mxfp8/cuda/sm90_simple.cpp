#include "src/ops/gemm_mxfp8/cuda/sm90_simple.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_mxfp8 {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_mxfp8_sm90_simple[];

namespace {
constexpr gpu::CodeObject kCode{"sm90_simple", octet_code_gemm_mxfp8_sm90_simple};
gpu::Kernel kernel(kCode, "octet_sm90_mx_simple", 0);
}  // namespace
#endif

cuda::LaunchPlan Sm90Simple::plan(int, const Problem& problem, int cu_num) {
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernel;
#endif
  const int64_t warps = problem.m * problem.n;  // one a result, striding
  plan.shape.grid_x = static_cast<uint32_t>(std::min<int64_t>((warps + 7) / 8, cu_num * 8));
  plan.shape.block_x = 256;
  return plan;
}

std::span<const gpu::Kernel> Sm90Simple::device_code(int) {
  return OCTET_EMBEDDED_KERNELS(&kernel, 1);
}

}  // namespace octet::ops::gemm_mxfp8
