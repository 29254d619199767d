// Contract: block-scaled grouped GEMM for few tokens an expert on Hopper; weights are the rows of
// the tensor instruction, tokens are gathered through the slot list.
//
// Layout     a, b and scales row-major with any 16 byte aligned strides; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list a multiple of the kernel's; k at least 256 for each
// block
//            that shares it
// Numerics   f32 accumulation, scaled every 128 of k; partial sums added in a fixed order
#pragma once

#include <span>

#include "src/ops/gemm_grouped/cuda/sm90_block_swap_shape.h"
#include "src/ops/gemm_grouped/cuda/swap_config.h"

namespace octet::ops::gemm_grouped {

struct Sm90BlockSwap {
  using Config = SwapConfig;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_SHAPE(...) block_swap_shape(__VA_ARGS__),
  static constexpr auto kConfigs =
      with_splits(std::to_array<GroupedShape>({OCTET_SM90_BLOCK_SWAP_KERNELS(OCTET_SHAPE)}));
#undef OCTET_SHAPE

  static std::string name(const Config& c) { return c.name("sm90_block_swap"); }
  static select::Tile tile(const Config& c) { return c.tile(); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    if (problem.format != Format::kBlockscale) {
      return select::Support::no("takes scales of blocks of 128 (float32)");
    }
    return cuda::supports_swap(c.shape, c.split, problem);
  }
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
