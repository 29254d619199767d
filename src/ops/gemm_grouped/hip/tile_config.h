// What the contracts of kernels by matrix instructions share: a config is a tile and its waves.
#pragma once

#include <array>
#include <span>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/hip/launch.h"
#include "src/ops/gemm_grouped/hip/tile_shape.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct HipTileConfig {
  hip::TileShape shape;

  std::string name(std::string_view stem) const {
    return fmt::format("{}_{}x{}x128_w{}", stem, shape.slots, shape.block_n, shape.waves);
  }
  select::Tile tile() const { return {shape.slots, shape.block_n, 128, 1, true}; }
  select::Support supports(Format format, const Problem& problem) const {
    if (problem.format != format) {
      return select::Support::no(format == Format::kMxfp8 ? "takes scales of 32 of k (e8m0)"
                                                          : "takes scales of 128 of k (float32)");
    }
    return hip::supports_gather(shape, problem);
  }
};

#define OCTET_HIP_TILE(SLOTS, N, WAVES, HELD) HipTileConfig{{SLOTS, N, WAVES}},

/// Of kernels with scales of 128 of k, the same tiles on both architectures.
struct HipBlock {
  using Config = HipTileConfig;
  static constexpr auto kConfigs =
      std::to_array<Config>({OCTET_HIP_MOE_BLOCK_TILES(OCTET_HIP_TILE)});

  static select::Tile tile(const Config& c) { return c.tile(); }
  static select::Support supports(const Config& c, const Problem& problem, const Device&) {
    return c.supports(Format::kBlockscale, problem);
  }
  static int64_t workspace_bytes(const Config&, const Problem&) { return 0; }
};

}  // namespace octet::ops::gemm_grouped
