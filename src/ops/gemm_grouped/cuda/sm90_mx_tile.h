// Contract: MXFP8 grouped GEMM for many tokens an expert on Hopper: tiles of 128 slots, of which 64
// that are padding cost little; tokens are gathered through the slot list.
//
// Layout     a, b row-major with 16 byte aligned strides, exponents with any; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list 128
// Numerics   f32 sums of products of 32 of k, each times its two powers of two; right for every
// byte
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_tile_shape.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Sm90MxTile {
  using Config = TileShape;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(STAGES) mx_tile_shape(STAGES),
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_MX_TILE_KERNELS(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_mx_tile_{}x{}x128", TileShape::kSlots, c.block_n());
  }
  static select::Tile tile(const Config& c) { return {TileShape::kSlots, c.block_n(), 128}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
};

}  // namespace octet::ops::gemm_grouped
