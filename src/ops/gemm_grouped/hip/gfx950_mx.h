// Contract: MXFP8 grouped GEMM by the scaled matrix instructions of CDNA 4, 128 of k each.
//
// Layout     a, b row-major with codes at multiples of 4 bytes, exponents anywhere; d bf16, f16 or
// f32 Requires   gfx950; block_m of the slot list a multiple of the tile's; a within 1.75 GiB
// Numerics   f32 sums of the matrix instruction, which applies both exponents; those of its waves
//            added in a fixed order
#pragma once

#include "src/ops/gemm_grouped/hip/tile_config.h"

namespace octet::ops::gemm_grouped {

struct Gfx950Mx {
  using Config = HipTileConfig;
  static constexpr Arch kArch = Arch::kGfx950;
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_GFX950_MOE_MX_TILES(OCTET_HIP_TILE)});

  static std::string name(const Config& c) { return c.name("gfx950_mx"); }
  static select::Tile tile(const Config& c) { return c.tile(); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    return c.supports(Format::kMxfp8, problem);
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
