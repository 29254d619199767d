// Contract: block-scaled FP8 GEMM for few tokens on Hopper; weights are the rows of the tensor
// instruction, so that a tile of 8 tokens wastes nothing.
//
// Layout     a (m,k), b (n,k) row-major; a_scale row- or column-major; d bf16, f16 or f32
// Requires   sm90, e4m3fn, m at most block_m, addresses and row strides of a and b in multiples of
// 16 bytes; k at
//            least 256 for each block that shares it
// Numerics   f32 accumulation, scaled every 128 of k; partial sums added in a fixed order
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/cuda/launch.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_swap_shape.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale {

struct Sm90WgmmaSwap {
  struct Config {
    gpu::SwapShape shape;
    int split;  // thread blocks of a cluster that share k
  };
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIGS(M, N, GROUPS, STAGES)                                                 \
  Config{swap_shape(M, N, GROUPS, STAGES), 1}, Config{swap_shape(M, N, GROUPS, STAGES), 2}, \
      Config{swap_shape(M, N, GROUPS, STAGES), 3},
  static constexpr auto kConfigs = std::to_array<Config>({OCTET_SM90_SWAP_KERNELS(OCTET_CONFIGS)});
#undef OCTET_CONFIGS

  static std::string name(const Config& c) {
    return fmt::format("sm90_wgmma_swap_{}x{}x128_g{}_c{}", c.shape.block_m, c.shape.block_n,
                       c.shape.groups, c.split);
  }
  static select::Tile tile(const Config& c) {
    return {c.shape.block_m, c.shape.block_n, 128, c.split};
  }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
  /// Config `index` as the launcher needs it, for a device of `cu_num` multiprocessors.
  static cuda::LaunchPlan plan(int index, const Problem& problem, int cu_num);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_blockscale
