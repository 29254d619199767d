#include "src/ops/gemm_batched/cuda/sm90_wgmma.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_batched_sm90_wgmma[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_wgmma", octet_code_gemm_batched_sm90_wgmma};

#define OCTET_KERNEL(NAME, METHOD, KIND, LEFT, M, N, STAGES, RESIDENT)                 \
  gpu::Kernel(kCode, "octet_sm90_batched_" #KIND "_" #NAME "_" #M "x" #N "_s" #STAGES, \
              TileShape{Method::METHOD, Left::LEFT, M, N, STAGES, RESIDENT}.shared_bytes()),
#define OCTET_KERNELS(...) OCTET_SM90_BATCHED_METHODS(OCTET_KERNEL, __VA_ARGS__)
#define OCTET_INSIDE(...) OCTET_SM90_BATCHED_INSIDE(OCTET_KERNEL, __VA_ARGS__)
gpu::Kernel kernels[] = {OCTET_SM90_BATCHED_WGMMA_SHAPES(OCTET_KERNELS)};
gpu::Kernel inside_kernels[] = {OCTET_SM90_BATCHED_INSIDE_SHAPES(OCTET_INSIDE)};
#undef OCTET_INSIDE
#undef OCTET_KERNELS
#undef OCTET_KERNEL

}  // namespace
#endif

namespace {

Method method_of(Format format) {
  switch (format) {
    case Format::kBf16:
      return Method::kBf16;
    case Format::kA8w8Int8:
      return Method::kI8;
    case Format::kA8w8Prequant:
      return Method::kE4m3Groups;
    default:
      return Method::kE4m3;
  }
}

}  // namespace

select::Support Sm90Wgmma::supports(const Config& c, const Problem& problem, const Device&) {
  constexpr int64_t kMostIntegers = 131071;  // of k: sums of products of 2^14 fit 31 bits
  if (problem.is_fp4()) return select::Support::no("multiplies bf16, e4m3fn and i8, not e2m1");
  if (problem.format == Format::kA8w8Int8 && problem.k > kMostIntegers) {
    return select::Support::no(fmt::format("k = {}, at most {} with i8", problem.k, kMostIntegers));
  }
  const Method method = method_of(problem.format);
  if (c.inside && method != Method::kBf16 && method != Method::kI8) {
    return select::Support::no("its tile leaves no registers for sums outside the tensor core");
  }
  return cuda::supports_tiles(c.shape(method), problem);
}

cuda::LaunchPlan Sm90Wgmma::plan(int index, const Problem& problem, int cu_num) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  const TileShape shape = c.shape(method_of(problem.format));
  cuda::LaunchPlan plan = cuda::tile_plan(shape, problem, cu_num);
#if defined(OCTET_HAVE_SM90)
  const int first_inside = kNumConfigs - kNumInside, inside = index - first_inside;
  plan.kernel = inside >= 0
                    ? &inside_kernels[inside * kInsideMethods + (shape.method == Method::kI8)]
                    : &kernels[index * kWgmmaMethods + static_cast<int>(shape.method)];
#endif
  return plan;
}

std::span<const gpu::Kernel> Sm90Wgmma::device_code(int index) {
  const int inside = index - (kNumConfigs - kNumInside);
  if (inside >= 0) {
    return OCTET_EMBEDDED_KERNELS(&inside_kernels[inside * kInsideMethods], kInsideMethods);
  }
  return OCTET_EMBEDDED_KERNELS(&kernels[index * kWgmmaMethods], kWgmmaMethods);
}

}  // namespace octet::ops::gemm_batched
