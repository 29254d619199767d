// Contract: MXFP8 GEMM for m of 33 and more on Hopper: codes widened to bf16 with their exponents
// folded in, tokens by a launch of their own, weights in registers.
//
// Layout     a (m,k), b (n,k) and exponents row-major; d bf16, f16 or f32
// Requires   sm90, k a multiple of 128, and 128 for each block that shares it; rows of a and b 16
//            bytes aligned, rows of exponents 4; a workspace of 2 bytes a code of a
// Numerics   f32 sums of exact products; exponents outside 2^-87 to 2^18 are summed again in
//            double; partial sums added in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_mxfp8/cuda/launch.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen_shape.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct Sm90WgmmaWiden {
  using Config = TileShape;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(...) widen_shape(__VA_ARGS__),
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_MX_WIDEN_KERNELS(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_wgmma_widen_{}x{}x128_g{}_c{}", c.block_m, c.block_n, c.groups,
                       c.split);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 128, c.split}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem& problem) {
    return problem.m * problem.k * 2;
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
