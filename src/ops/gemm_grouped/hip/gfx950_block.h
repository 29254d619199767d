// Contract: grouped GEMM with scales of 128 of k by the matrix instructions of CDNA 4, 128 of k
// each.
//
// Layout     a, b row-major with codes at multiples of 4 bytes, float32 scales at multiples of 4; d
// bf16, f16 or f32 Requires   gfx950; block_m of the slot list a multiple of the tile's; a
// within 1.75 GiB Numerics   f32 sums of 128 of k in the matrix core, each times the product of its
// two scales; those
//            of its waves added in a fixed order
#pragma once

#include "src/ops/gemm_grouped/hip/tile_config.h"

namespace octet::ops::gemm_grouped {

struct Gfx950Block : HipBlock {
  static constexpr Arch kArch = Arch::kGfx950;

  static std::string name(const Config& c) { return c.name("gfx950_block"); }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
