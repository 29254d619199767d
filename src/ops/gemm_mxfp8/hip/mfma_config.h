// What the contracts of kernels by matrix instructions share: a config is a tile, its waves and a
// split.
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_mxfp8/hip/launch.h"
#include "src/ops/gemm_mxfp8/hip/mfma_shape.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_mxfp8 {

struct MfmaConfig {
  hip::TileShape shape;

  std::string name(std::string_view stem) const {
    return fmt::format("{}_{}x{}x128_w{}_k{}", stem, shape.block_m, shape.block_n, shape.waves,
                       shape.split);
  }
  select::Tile tile() const { return {shape.block_m, shape.block_n, 128, shape.split, true}; }
};

/// Of all kernels by matrix instructions.
struct HipMfma {
  using Config = MfmaConfig;

  static select::Tile tile(const Config& c) { return c.tile(); }
  static int64_t workspace_bytes(const Config& c, const Problem& problem) {
    return hip::workspace_bytes(c.shape, problem);
  }
};
#define OCTET_HIP_MFMA_TILE(M, N, WAVES, HELD) hip::TileShape{M, N, WAVES},

/// Workgroups that may share k.
inline constexpr int kMfmaSplits[] = {1, 2, 4};

/// Every tile with every split, the splits of a tile side by side.
template <size_t kTiles>
constexpr auto with_splits(const std::array<hip::TileShape, kTiles>& tiles) {
  std::array<MfmaConfig, kTiles * std::size(kMfmaSplits)> configs{};
  for (size_t i = 0; i < configs.size(); ++i) {
    configs[i].shape = tiles[i / std::size(kMfmaSplits)];
    configs[i].shape.split = kMfmaSplits[i % std::size(kMfmaSplits)];
  }
  return configs;
}

/// The kernel of a config, of those of all tiles.
inline const gpu::Kernel& kernel_of(std::span<const gpu::Kernel> kernels, int config) {
  return kernels[static_cast<size_t>(config) / std::size(kMfmaSplits)];
}

}  // namespace octet::ops::gemm_mxfp8
