// Contract: MXFP8 GEMM by the FP8 matrix instructions that CDNA 3 and 4 share: products of 32 of k,
// one MX block, scaled outside the matrix core.
//
// Layout     a (m,k), b (n,k) row-major, codes and exponents at multiples of 4 bytes; d bf16, f16
// or
//            f32
// Requires   gfx942 or gfx950; any m, k a multiple of 128 and at least 128 for each workgroup that
//            shares it
// Numerics   OCP codes are rewritten exactly as the device's FP8; f32 sums of products of 32 of k,
//            each times 2^(sum of both exponents) in one step: right for every byte; those of its
//            waves, and of workgroups that share k, added in a fixed order
#pragma once

#include <span>

#include "src/ops/gemm_mxfp8/hip/mfma_config.h"

namespace octet::ops::gemm_mxfp8 {

struct Gfx942Mfma : HipMfma {
  static constexpr Arch kArch = Arch::kGfx942;
  static constexpr auto kConfigs =
      with_splits(std::to_array<hip::TileShape>({OCTET_GFX942_MX_TILES(OCTET_HIP_MFMA_TILE)}));

  static std::string name(const Config& c) { return c.name("gfx942_mfma"); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    if (problem.k % 128 != 0) {
      return select::Support::no(fmt::format("k = {}, must be a multiple of 128", problem.k));
    }
    return hip::supports_tiles(c.shape, problem);
  }
  static hip::LaunchPlan plan(int index, const Problem& problem);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
