#include "src/ops/gemm_batched/cuda/sm90_simple.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_batched_sm90_simple[];

namespace {
constexpr gpu::CodeObject kCode{"sm90_simple", octet_code_gemm_batched_sm90_simple};
gpu::Kernel kernel(kCode, "octet_sm90_batched_simple", 0);
}  // namespace
#endif

cuda::LaunchPlan Sm90Simple::plan(int, const Problem&, int cu_num) {
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernel;
#endif
  plan.shape.grid_x = static_cast<uint32_t>(cu_num * 8);  // a warp a result, striding
  plan.shape.block_x = 256;
  return plan;
}

std::span<const gpu::Kernel> Sm90Simple::device_code(int) {
  return OCTET_EMBEDDED_KERNELS(&kernel, 1);
}

}  // namespace octet::ops::gemm_batched
