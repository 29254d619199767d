// Contract: MXFP8 GEMM by the scaled matrix instructions of CDNA 4, 128 of k each.
//
// Layout     a (m,k), b (n,k) row-major, codes at multiples of 4 bytes, exponents anywhere; d bf16,
//            f16 or f32
// Requires   gfx950; any m and any k % 32 == 0, at least 128 for each workgroup that shares it
// Numerics   f32 sums of the matrix instruction, which applies both exponents; those of its waves,
//            and of workgroups that share k, added in a fixed order
#pragma once

#include <span>

#include "src/ops/gemm_mxfp8/hip/mfma_config.h"

namespace octet::ops::gemm_mxfp8 {

struct Gfx950Mfma : HipMfma {
  static constexpr Arch kArch = Arch::kGfx950;
  static constexpr auto kConfigs =
      with_splits(std::to_array<hip::TileShape>({OCTET_GFX950_MX_TILES(OCTET_HIP_MFMA_TILE)}));

  static std::string name(const Config& c) { return c.name("gfx950_mfma"); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    return hip::supports_tiles(c.shape, problem);
  }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
