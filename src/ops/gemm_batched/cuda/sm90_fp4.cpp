#include "src/ops/gemm_batched/cuda/sm90_fp4.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_batched_sm90_fp4[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_fp4", octet_code_gemm_batched_sm90_fp4};

#define OCTET_KERNEL(NAME, METHOD, M, N, STAGES, RESIDENT, OWN) \
  gpu::Kernel(kCode, "octet_sm90_batched_" #NAME "_" #M "x" #N, \
              fp4_shape(Method::METHOD, M, N, STAGES, RESIDENT, OWN).shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_BATCHED_FP4_SHAPES(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90Fp4::supports(const Config& c, const Problem& problem, const Device&) {
  if (!problem.is_fp4()) return select::Support::no("multiplies weights of e2m1 only");
  if (c.method == Method::kE2m1Codes && problem.format == Format::kA16wfp4Wide) {
    return select::Support::no("multiplies tokens of e2m1 only, not bf16");
  }
  return cuda::supports_tiles(c, problem);
}

cuda::LaunchPlan Sm90Fp4::plan(int index, const Problem& problem, int cu_num) {
  cuda::LaunchPlan plan = cuda::tile_plan(kConfigs[static_cast<size_t>(index)], problem, cu_num);
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
#endif
  return plan;
}

std::span<const gpu::Kernel> Sm90Fp4::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[index], 1);
}

}  // namespace octet::ops::gemm_batched
