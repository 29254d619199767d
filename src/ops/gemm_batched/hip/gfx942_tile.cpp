#include "src/ops/gemm_batched/hip/gfx942_tile.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_batched {

OCTET_GFX942_CODE(kTileCode, gemm_batched, gfx942_tile);

namespace {

#define OCTET_KERNEL(NAME, METHOD, M, N, WAVES_N) \
  gpu::Kernel(kTileCode, "octet_gfx942_tile_" #NAME "_" #M "x" #N, 0),
#define OCTET_KERNELS(...) OCTET_HIP_BATCHED_METHODS(OCTET_KERNEL, __VA_ARGS__)
#define OCTET_PLAIN_KERNELS(...) OCTET_HIP_BATCHED_PLAIN_METHODS(OCTET_KERNEL, __VA_ARGS__)
const gpu::Kernel kernels[] = {OCTET_HIP_BATCHED_PLAIN_TILES(OCTET_PLAIN_KERNELS)
                                   OCTET_HIP_BATCHED_TILES(OCTET_KERNELS)};
#undef OCTET_PLAIN_KERNELS
#undef OCTET_KERNELS
#undef OCTET_KERNEL

/// The kernels of a config, by method.
std::span<const gpu::Kernel> kernels_of(int index) {
  int first = 0;
  for (int i = 0; i < index; ++i) {
    const bool plain = Gfx942Tile::kConfigs[static_cast<size_t>(i)].plain;
    first += plain ? hip::kNumPlainMethods : hip::kNumMethods;
  }
  const bool plain = Gfx942Tile::kConfigs[static_cast<size_t>(index)].plain;
  return {kernels + first, static_cast<size_t>(plain ? hip::kNumPlainMethods : hip::kNumMethods)};
}

}  // namespace

select::Support Gfx942Tile::supports(const Config& c, const Problem& problem, const Device&) {
  if (c.plain && static_cast<int>(hip::method_of(problem.format)) >= hip::kNumPlainMethods) {
    return select::Support::no("its rows leave no LDS for scales of k");
  }
  return hip::supports_vectors(c.block_m, c.block_n, problem);
}

hip::LaunchPlan Gfx942Tile::plan(int index, const Problem& problem) {
  const Config& c = kConfigs[static_cast<size_t>(index)];
  const auto method = static_cast<size_t>(hip::method_of(problem.format));
  return {&kernels_of(index)[method], c.block_m, c.block_n, false};
}

std::span<const gpu::Kernel> Gfx942Tile::device_code(int index) { return kernels_of(index); }

}  // namespace octet::ops::gemm_batched
