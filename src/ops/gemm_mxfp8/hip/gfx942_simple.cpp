#include "src/ops/gemm_mxfp8/hip/gfx942_simple.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_GFX942_CODE(kSimpleCode, gemm_mxfp8, gfx942_simple);

namespace {
const gpu::Kernel kSimple(kSimpleCode, "octet_gfx942_mx_simple", 0);
constexpr hip::TileShape kTile{4, 4};
}  // namespace

select::Support Gfx942Simple::supports(const Config&, const Problem& problem, const Device&) {
  return hip::supports_tiles(kTile, problem);
}

hip::LaunchPlan Gfx942Simple::plan(int, const Problem& problem) {
  hip::LaunchPlan plan = hip::plan_tiles(kTile, problem);
  plan.kernel = &kSimple;
  plan.code_alignment = 1;
  return plan;
}

std::span<const gpu::Kernel> Gfx942Simple::device_code(int) { return {&kSimple, 1}; }

}  // namespace octet::ops::gemm_mxfp8
