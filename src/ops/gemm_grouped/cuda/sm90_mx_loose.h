// Contract: MXFP8 grouped GEMM for few tokens an expert on Hopper, as sm90_mx_swap, for any k and
// any layout of exponents.
//
// Layout     a, b row-major with 16 byte aligned strides, exponents with any; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list a multiple of the kernel's; k at least 256 for each
// block
//            that shares it
// Numerics   as sm90_mx_swap
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_loose_shape.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Sm90MxLoose {
  struct Config {
    GroupedShape shape;
    int split;  // thread blocks of a cluster that share k
  };
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIGS(...)                                \
  Config{mx_swap_shape(__VA_ARGS__), kSwapSplits[0]},     \
      Config{mx_swap_shape(__VA_ARGS__), kSwapSplits[1]}, \
      Config{mx_swap_shape(__VA_ARGS__), kSwapSplits[2]},
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_MX_LOOSE_KERNELS(OCTET_CONFIGS)});
#undef OCTET_CONFIGS

  static std::string name(const Config& c) {
    return fmt::format("sm90_mx_loose_{}x{}x128_g{}_c{}", c.shape.swap.block_m,
                       c.shape.swap.block_n, c.shape.swap.groups, c.split);
  }
  static select::Tile tile(const Config& c) {
    return {c.shape.swap.block_m, c.shape.swap.block_n, 128, c.split};
  }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    if (problem.format != Format::kMxfp8)
      return select::Support::no("takes scales of 32 of k (e8m0)");
    return cuda::supports_swap(c.shape, c.split, problem, 32);
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
};

}  // namespace octet::ops::gemm_grouped
