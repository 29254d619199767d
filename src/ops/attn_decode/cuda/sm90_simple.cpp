#include "src/ops/attn_decode/cuda/sm90_simple.h"

#include "src/device/embedded_kernels.h"
#include "src/ops/attn_decode/cuda/simple_shape.h"

namespace octet::ops::attn_decode {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_attn_decode_sm90_simple[];

namespace {
constexpr gpu::CodeObject kCode{"sm90_simple", octet_code_attn_decode_sm90_simple};
const gpu::Kernel kernel(kCode, "octet_sm90_attn_simple", 0);
}  // namespace
#endif

cuda::LaunchPlan Sm90Simple::plan(int, const Problem& problem, const Device&) {
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernel;
#endif
  plan.shape.grid_x = static_cast<uint32_t>(problem.batch * problem.q_tokens * problem.q_heads);
  plan.shape.block_x = kSimpleThreads;
  return plan;
}

std::span<const gpu::Kernel> Sm90Simple::device_code(int) {
  return OCTET_EMBEDDED_KERNELS(&kernel, 1);
}

}  // namespace octet::ops::attn_decode
