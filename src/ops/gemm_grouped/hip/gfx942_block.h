// Contract: grouped GEMM with scales of 128 of k by the FP8 matrix instructions that CDNA 3 and 4
// share.
//
// Layout     a, b row-major with codes at multiples of 4 bytes, float32 scales at multiples of 4; d
// bf16, f16 or f32 Requires   gfx942 or gfx950; block_m of the slot list a multiple of the tile's;
// a within 1.75 GiB Numerics   OCP codes are rewritten exactly as the device's FP8; f32 sums of 128
// of k in the matrix
//            core, each times the product of its two scales; those of its waves added in a fixed
//            order
#pragma once

#include "src/ops/gemm_grouped/hip/tile_config.h"

namespace octet::ops::gemm_grouped {

struct Gfx942Block : HipBlock {
  static constexpr Arch kArch = Arch::kGfx942;

  static std::string name(const Config& c) { return c.name("gfx942_block"); }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
