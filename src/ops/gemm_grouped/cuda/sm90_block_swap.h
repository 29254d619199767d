// Contract: block-scaled grouped GEMM for few tokens an expert on Hopper; weights are the rows of
// the tensor instruction, tokens are gathered through the slot list.
//
// Layout     a, b and scales row-major with any 16 byte aligned strides; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list a multiple of the kernel's; k at least 256 for each
// block
//            that shares it
// Numerics   f32 accumulation, scaled every 128 of k; partial sums added in a fixed order
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_swap_shape.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Sm90BlockSwap {
  struct Config {
    GroupedShape shape;
    int split;  // thread blocks of a cluster that share k
  };
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIGS(...)                                   \
  Config{block_swap_shape(__VA_ARGS__), kSwapSplits[0]},     \
      Config{block_swap_shape(__VA_ARGS__), kSwapSplits[1]}, \
      Config{block_swap_shape(__VA_ARGS__), kSwapSplits[2]},
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_BLOCK_SWAP_KERNELS(OCTET_CONFIGS)});
#undef OCTET_CONFIGS

  static std::string name(const Config& c) {
    return fmt::format("sm90_block_swap_{}x{}x128_g{}_c{}", c.shape.swap.block_m,
                       c.shape.swap.block_n, c.shape.swap.groups, c.split);
  }
  static select::Tile tile(const Config& c) {
    return {c.shape.swap.block_m, c.shape.swap.block_n, 128, c.split};
  }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    if (problem.format != Format::kBlockscale)
      return select::Support::no("takes scales of blocks of 128 (float32)");
    return cuda::supports_swap(c.shape, c.split, problem);
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
};

}  // namespace octet::ops::gemm_grouped
