#include "src/ops/gemm_batched/cuda/sm90_simple.h"

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

}  // namespace octet::ops::gemm_batched
