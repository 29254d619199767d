#include "src/ops/gemm_mxfp8/hip/gfx942_gemv.h"

#include <algorithm>

#include "src/device/embedded_kernels.h"
#include "src/ops/gemm_mxfp8/hip/gemv_shape.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_GFX942_CODE(kGemvCode, gemm_mxfp8, gfx942_gemv);

namespace {

struct GemvShape {
  int tokens, rows;  // rows: of weights, a wave
};

#define OCTET_SHAPE(TOKENS, ROWS, WAVES) GemvShape{TOKENS, ROWS},
constexpr auto kShapes = std::to_array<GemvShape>({OCTET_HIP_MX_GEMVS(OCTET_SHAPE)});
#undef OCTET_SHAPE

#define OCTET_GEMV(TOKENS, ROWS, WAVES) gpu::Kernel(kGemvCode, "octet_gfx942_gemv_" #TOKENS, 0),
#define OCTET_SHARED_GEMV(TOKENS, ROWS, WAVES) \
  gpu::Kernel(kGemvCode, "octet_gfx942_gemv_" #TOKENS "_shared", 0),
const gpu::Kernel kAlone[] = {OCTET_HIP_MX_GEMVS(OCTET_GEMV)};
const gpu::Kernel kTogether[] = {OCTET_HIP_MX_GEMVS(OCTET_SHARED_GEMV)};
#undef OCTET_GEMV
#undef OCTET_SHARED_GEMV

/// The kernel for the fewest tokens that takes all of m, or that for the most.
size_t shape_index(int64_t m) {
  size_t i = 0;
  while (i + 1 < kShapes.size() && kShapes[i].tokens < m) ++i;
  return i;
}

hip::TileShape tile_shape(const Gfx942Gemv::Config& c, int64_t m) {
  return {kShapes[shape_index(m)].tokens, Gfx942Gemv::block_n(c, m)};
}

}  // namespace

int Gfx942Gemv::block_n(const Config& c, int64_t m) {
  return kShapes[shape_index(m)].rows * 4 / c.share;
}

select::Support Gfx942Gemv::supports(const Config& c, const Problem& problem, const Device&) {
  return hip::supports_tiles(tile_shape(c, problem.m), problem);
}

hip::LaunchPlan Gfx942Gemv::plan(int index, const Problem& problem) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  hip::LaunchPlan plan = hip::plan_tiles(tile_shape(c, problem.m), problem);
  plan.kernel = &(c.share == 1 ? kAlone : kTogether)[shape_index(problem.m)];
  return plan;
}

std::span<const gpu::Kernel> Gfx942Gemv::device_code(int index) {
  return kConfigs[static_cast<size_t>(index)].share == 1 ? std::span<const gpu::Kernel>(kAlone)
                                                         : std::span<const gpu::Kernel>(kTogether);
}

}  // namespace octet::ops::gemm_mxfp8
