// Contract: MXFP8 GEMM for few tokens on Hopper; weights are the rows of the tensor instruction,
// and an instruction's 32 of k are one MX block.
//
// Layout     a (m,k), b (n,k) and exponents row-major; d bf16, f16 or f32
// Requires   sm90, m at most block_m, k a multiple of 128 and at least 256 for each block that
// shares
//            it; rows of a and b 16 bytes aligned, rows of exponents 4
// Numerics   f32 sums of products of 32 of k, each times its two powers of two; right for every
// byte;
//            partial sums added in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_mxfp8/cuda/launch.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_swap_shape.h"
#include "src/ops/gemm_mxfp8/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct Sm90WgmmaSwap {
  struct Config {
    gpu::SwapShape shape;
    int split;  // thread blocks of a cluster that share k
  };
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(SPLIT, M, N, GROUPS, STAGES) \
  Config{swap_shape(M, N, GROUPS, STAGES), kSwapSplits[SPLIT]},
#define OCTET_CONFIGS(...)     \
  OCTET_CONFIG(0, __VA_ARGS__) \
  OCTET_CONFIG(1, __VA_ARGS__) \
  OCTET_CONFIG(2, __VA_ARGS__) \
  OCTET_CONFIG(3, __VA_ARGS__) \
  OCTET_CONFIG(4, __VA_ARGS__) \
  OCTET_CONFIG(5, __VA_ARGS__)
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_MX_SWAP_KERNELS(OCTET_CONFIGS)});
#undef OCTET_CONFIGS
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_wgmma_swap_{}x{}x128_g{}_c{}", c.shape.block_m, c.shape.block_n,
                       c.shape.groups, c.split);
  }
  static select::Tile tile(const Config& c) {
    return {c.shape.block_m, c.shape.block_n, 128, c.split};
  }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_mxfp8
