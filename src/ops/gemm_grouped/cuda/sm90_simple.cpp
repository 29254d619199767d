#include "src/ops/gemm_grouped/cuda/sm90_simple.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_simple[];

namespace {
constexpr gpu::CodeObject kCode{"sm90_simple", octet_code_gemm_grouped_sm90_simple};
gpu::Kernel kernels[] = {gpu::Kernel(kCode, "octet_sm90_moe_block_simple", 0),
                         gpu::Kernel(kCode, "octet_sm90_moe_mx_simple", 0)};
}  // namespace
#endif

cuda::LaunchPlan Sm90Simple::plan(int, [[maybe_unused]] const Problem& problem,
                                  const Device& device) {
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[problem.format == Format::kMxfp8 ? 1 : 0];
#endif
  plan.shape.grid_x = static_cast<uint32_t>(device.cu_num) * 8;  // warps, one a result, striding
  plan.shape.block_x = 256;
  return plan;
}

std::span<const gpu::Kernel> Sm90Simple::device_code(int) {
  return OCTET_EMBEDDED_KERNELS(std::data(kernels), std::size(kernels));
}

}  // namespace octet::ops::gemm_grouped
