// Contract: block-scaled grouped GEMM for many tokens an expert on Hopper: tiles of 128 slots, of
// which 64 that are padding cost little; tokens are gathered through the slot list. _c2: two blocks
// gather half of a tile each; _t: two tiles of an expert read its weights once.
//
// Layout     a, b and scales row-major with any 16 byte aligned strides; d bf16, f16 or f32
// Requires   sm90, block_m of the slot list 128
// Numerics   f32 accumulation, scaled every 128 of k
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile_shape.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct Sm90BlockTile {
  using Config = TileShape;
  static constexpr Arch kArch = Arch::kSm90;

#define OCTET_CONFIG(...) block_tile_shape(__VA_ARGS__),
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_CONFIG)});
#undef OCTET_CONFIG

  static std::string name(const Config& c) {
    return fmt::format("sm90_block_tile_{}x{}x128{}{}", TileShape::kSlots, c.block_n(),
                       c.tall ? "_t" : "", c.shares ? "_c2" : "");
  }
  static select::Tile tile(const Config& c) { return {TileShape::kSlots, c.block_n(), 128}; }
  static select::Support supports(const Config& c, const Problem& problem, const Device&);
  static cuda::LaunchPlan plan(int index, const Problem& problem, const Device& device);
  static std::span<const gpu::Kernel> device_code(int index);
};

}  // namespace octet::ops::gemm_grouped
