#include "src/ops/gemm_batched/hip/gfx950_stream.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

OCTET_GFX950_CODE(kStream950Code, gemm_batched, gfx950_stream);

namespace {

#define OCTET_KERNEL(M, N) gpu::Kernel(kStream950Code, "octet_gfx950_stream_e2m1_" #M "x" #N, 0),
const gpu::Kernel kernels[] = {OCTET_HIP_BATCHED_STREAMS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace

select::Support Gfx950Stream::supports(const Config& c, const Problem& problem, const Device&) {
  if (hip::method_of(problem.format) != hip::Method::kE2m1) {
    return select::Support::no("multiplies e2m1 with e2m1 only");
  }
  return hip::supports_vectors(c.block_m, c.block_n, problem);
}

hip::LaunchPlan Gfx950Stream::plan(int index, const Problem&) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  return {&kernels[index], c.block_m, c.block_n, false};
}

std::span<const gpu::Kernel> Gfx950Stream::device_code(int index) { return {kernels + index, 1}; }

}  // namespace octet::ops::gemm_batched
