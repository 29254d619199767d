// Contract: MXFP8 GEMM for m of 17 to 64 on Hopper: weights are the rows of the tensor
// instruction, 32 of k are one MX block, and each product gets its powers of two beside the next
// ones.
//
// Layout     a (m,k), b (n,k) and exponents row-major; d bf16, f16 or f32
// Requires   sm90, k a multiple of 128, and 128 for each block that shares it; rows of a and b 16
//            bytes aligned, rows of exponents 4
// Numerics   f32 sums of products of 32 of k, each times its two powers of two; weights from 2^105
//            on are summed again in double; partial sums added in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_mxfp8/cuda/launch.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_promote_shape.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct Sm90WgmmaPromote {
  using Config = TileShape;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(...) promote_shape(__VA_ARGS__),
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_MX_PROMOTE_KERNELS(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_wgmma_promote_{}x{}x128_g{}_c{}", c.block_m, c.block_n, c.groups,
                       c.split);
  }
  static select::Tile tile(const Config& c) { return {c.block_m, c.block_n, 128, c.split}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
