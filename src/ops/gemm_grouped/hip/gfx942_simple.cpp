#include "src/ops/gemm_grouped/hip/gfx942_simple.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_grouped {

OCTET_GFX942_CODE(kSimpleCode, gemm_grouped, gfx942_simple);

namespace {
const gpu::Kernel kSimple[] = {gpu::Kernel(kSimpleCode, "octet_gfx942_moe_mx_simple", 0),
                               gpu::Kernel(kSimpleCode, "octet_gfx942_moe_block_simple", 0)};
constexpr hip::TileShape kTile{1, 16};
}  // namespace

select::Support Gfx942Simple::supports(const Config&, const Problem& problem, const Device&) {
  return hip::supports_tiles(kTile, problem);
}

hip::LaunchPlan Gfx942Simple::plan(int, const Problem& problem) {
  hip::LaunchPlan plan;
  plan.kernel = &kSimple[problem.format == Format::kMxfp8 ? 0 : 1];
  plan.tile = kTile;
  plan.code_alignment = 1;
  plan.whole_a_offsets = false;
  return plan;
}

std::span<const gpu::Kernel> Gfx942Simple::device_code(int) { return kSimple; }

}  // namespace octet::ops::gemm_grouped
