#include "src/ops/gemm_grouped/cuda/sm90_simple.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_simple[];

namespace {
constexpr gpu::CodeObject kCode{"sm90_simple", octet_code_gemm_grouped_sm90_simple};
gpu::Kernel block_kernel(kCode, "octet_sm90_moe_block_simple", 0);
gpu::Kernel mx_kernel(kCode, "octet_sm90_moe_mx_simple", 0);
}  // namespace
#endif

cuda::LaunchPlan Sm90Simple::plan(int, [[maybe_unused]] const Problem& problem,
                                  const Device& device) {
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = problem.format == Format::kMxfp8 ? &mx_kernel : &block_kernel;
#endif
  plan.shape.grid_x = static_cast<uint32_t>(device.cu_num) * 8;  // warps, one a result, striding
  plan.shape.block_x = 256;
  return plan;
}

}  // namespace octet::ops::gemm_grouped
