#include "src/ops/attn_decode/hip/gfx942_simple.h"

#include <algorithm>

#include "src/device/embedded_kernels.h"
#include "src/ops/attn_decode/hip/simple_shape.h"

namespace octet::ops::attn_decode {

OCTET_GFX942_CODE(kGfx942Simple, attn_decode, gfx942_simple);

std::span<const gpu::Kernel> Gfx942Simple::device_code(int) {
  static const gpu::Kernel kernels[] = {gpu::Kernel(kGfx942Simple, "octet_gfx942_attn_simple", 0)};
  return kernels;
}

hip::LaunchPlan Gfx942Simple::plan(int config, const Problem& problem, const Device&) {
  constexpr int64_t kMostWorkgroups = 1 << 16;  // which then take several rows
  hip::LaunchPlan plan;
  plan.kernel = device_code(config).data();
  plan.threads = hip::kSimpleThreads;
  const int64_t rows = problem.batch * problem.q_tokens * problem.q_heads;
  plan.shares.workgroups = static_cast<uint32_t>(std::min(rows, kMostWorkgroups));
  return plan;
}

}  // namespace octet::ops::attn_decode
