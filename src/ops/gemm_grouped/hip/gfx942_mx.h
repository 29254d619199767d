// Contract: MXFP8 grouped GEMM by the FP8 matrix instructions that CDNA 3 and 4 share: products of
// 32 of k, one MX block, scaled outside the matrix core.
//
// Layout     a, b row-major with codes at multiples of 4 bytes, exponents too; d bf16, f16 or f32
// Requires   gfx942 or gfx950; block_m of the slot list a multiple of the tile's; k a multiple of
// 128
//            and a within 1.75 GiB
// Numerics   OCP codes are rewritten exactly as the device's FP8; f32 sums of products of 32 of k,
//            each times 2^(sum of both exponents) in one step: right for every byte; those of its
//            waves added in a fixed order
#pragma once

#include "src/ops/gemm_grouped/hip/tile_config.h"

namespace octet::ops::gemm_grouped {

struct Gfx942Mx {
  using Config = HipTileConfig;
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_GFX942_MOE_MX_TILES(OCTET_HIP_TILE)});

  static std::string name(const Config& c) { return c.name("gfx942_mx"); }
  static select::Tile tile(const Config& c) { return c.tile(); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    if (problem.k % 128 != 0) {
      return select::Support::no(fmt::format("k = {}, must be a multiple of 128", problem.k));
    }
    return c.supports(Format::kMxfp8, problem);
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
