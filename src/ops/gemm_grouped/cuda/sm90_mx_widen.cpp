#include "src/ops/gemm_grouped/cuda/sm90_mx_widen.h"

#include <algorithm>

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_gemm_grouped_sm90_mx_widen[];
extern "C" const unsigned char octet_code_gemm_grouped_sm90_mx_widen_tokens[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_mx_widen", octet_code_gemm_grouped_sm90_mx_widen};

constexpr gpu::CodeObject kTokenCode{"sm90_mx_widen_tokens",
                                     octet_code_gemm_grouped_sm90_mx_widen_tokens};

gpu::Kernel widen_tokens(kTokenCode, "octet_sm90_moe_mx_widen_tokens", 0);

#define OCTET_KERNEL(SLOTS, N, STAGES, CONSUMERS)              \
  gpu::Kernel(kCode, "octet_sm90_moe_mx_widen_" #SLOTS "x" #N, \
              WidenShape{SLOTS, N, STAGES, CONSUMERS}.shared_bytes()),
gpu::Kernel kernels[] = {OCTET_SM90_MX_WIDEN_KERNELS(OCTET_KERNEL)};
#undef OCTET_KERNEL

}  // namespace
#endif

select::Support Sm90MxWiden::supports(const Config& c, const Problem& problem, const Device&) {
  if (problem.format != Format::kMxfp8) {
    return select::Support::no("takes scales of 32 of k (e8m0)");
  }
  const int64_t row_bytes = problem.k * 2;
  if (problem.a_rows() > cuda::kMostTokenBytes / row_bytes) {
    return select::Support::no(fmt::format("{} rows of a of {} bytes as bf16, at most {} bytes",
                                           problem.a_rows(), row_bytes, cuda::kMostTokenBytes));
  }
  return cuda::supports_slots(c.slots, problem, 32);
}

cuda::LaunchPlan Sm90MxWiden::plan(int index, const Problem& problem, const Device& device) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = &kernels[index];
  plan.widen = &widen_tokens;
#endif
  plan.b_box_rows = c.block_n;
  plan.scale_words = false;
  plan.shape.grid_x = static_cast<uint32_t>(device.cu_num);
  plan.shape.block_x = static_cast<uint32_t>(c.threads());
  plan.shape.shared_bytes = static_cast<uint32_t>(c.shared_bytes());
  plan.shape.dependent = true;  // the kernel waits before it reads
  constexpr int64_t kColumns = 256, kRows = 8, kMostBlocks = 1024;
  plan.widen_shape.grid_x = static_cast<uint32_t>((problem.k + kColumns - 1) / kColumns);
  plan.widen_shape.grid_y =
      static_cast<uint32_t>(std::min((problem.a_rows() + kRows - 1) / kRows, kMostBlocks));
  plan.widen_shape.block_x = 128;
  plan.widen_shape.dependent = true;
  return plan;
}

std::span<const gpu::Kernel> Sm90MxWiden::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(&kernels[index], 1);
}

}  // namespace octet::ops::gemm_grouped
