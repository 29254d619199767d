// Contract: MXFP8 grouped GEMM for few tokens an expert on Hopper, as sm90_mx_swap, for any k and
// any layout of exponents.
//
// Layout     a, b row-major with 16 byte aligned strides, exponents with any; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list a multiple of the kernel's; k at least 256 for each
// block
//            that shares it
// Numerics   as sm90_mx_swap
#pragma once

#include <span>

#include "src/ops/gemm_grouped/cuda/sm90_mx_loose_shape.h"
#include "src/ops/gemm_grouped/cuda/swap_config.h"

namespace octet::ops::gemm_grouped {

struct Sm90MxLoose {
  using Config = SwapConfig;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_SHAPE(...) mx_swap_shape(__VA_ARGS__),
  static constexpr auto kConfigs =
      with_splits(std::to_array<GroupedShape>({OCTET_SM90_MX_LOOSE_KERNELS(OCTET_SHAPE)}));
#undef OCTET_SHAPE

  static std::string name(const Config& c) { return c.name("sm90_mx_loose"); }
  static select::Tile tile(const Config& c) { return c.tile(); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    if (problem.format != Format::kMxfp8) {
      return select::Support::no("takes scales of 32 of k (e8m0)");
    }
    return cuda::supports_swap(c.shape, c.split, problem, 32);
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
