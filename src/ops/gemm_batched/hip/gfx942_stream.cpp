#include "src/ops/gemm_batched/hip/gfx942_stream.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

OCTET_GFX942_CODE(kStreamCode, gemm_batched, gfx942_stream);

namespace {

#define OCTET_KERNEL(NAME, METHOD, M, N) \
  gpu::Kernel(kStreamCode, "octet_gfx942_stream_" #NAME "_" #M "x" #N, 0),
#define OCTET_KERNELS(M, N) OCTET_HIP_BATCHED_STREAM_METHODS(OCTET_KERNEL, M, N)
const gpu::Kernel kernels[] = {OCTET_HIP_BATCHED_STREAMS(OCTET_KERNELS)};
#undef OCTET_KERNELS
#undef OCTET_KERNEL

}  // namespace

select::Support Gfx942Stream::supports(const Config& c, const Problem& problem, const Device&) {
  if (problem.is_fp4()) return select::Support::no("multiplies bf16, e4m3fn and i8, not e2m1");
  return hip::supports_vectors(c.block_m, c.block_n, problem);
}

hip::LaunchPlan Gfx942Stream::plan(int index, const Problem& problem) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  const int method = static_cast<int>(hip::method_of(problem.format));
  return {&kernels[index * hip::kNumStreamMethods + method], c.block_m, c.block_n, false};
}

std::span<const gpu::Kernel> Gfx942Stream::device_code(int index) {
  return {kernels + index * hip::kNumStreamMethods, static_cast<size_t>(hip::kNumStreamMethods)};
}

}  // namespace octet::ops::gemm_batched
