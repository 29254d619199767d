// What the contracts of kernels by swap_grouped.cuh share: a config is a shape and a split.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct SwapConfig {
  GroupedShape shape;
  int split;    // thread blocks of a cluster that share k
  bool second;  // of two kernels with this tile: named by the blocks of a multiprocessor, too

  std::string name(std::string_view stem) const {
    const std::string blocks = second ? fmt::format("_b{}", shape.blocks) : "";
    return fmt::format("{}_{}x{}x128_g{}{}_c{}", stem, shape.swap.block_m, shape.swap.block_n,
                       shape.swap.groups, blocks, split);
  }
  select::Tile tile() const { return {shape.swap.block_m, shape.swap.block_n, 128, split}; }
};

/// Whether an earlier shape has the tile and groups of shape i.
template <size_t kShapes>
constexpr bool is_second(const std::array<GroupedShape, kShapes>& shapes, size_t i) {
  const auto same = [&](const GroupedShape& other) {
    return other.swap.block_m == shapes[i].swap.block_m &&
           other.swap.block_n == shapes[i].swap.block_n &&
           other.swap.groups == shapes[i].swap.groups;
  };
  return std::any_of(shapes.begin(), shapes.begin() + i, same);
}

/// Every shape with every split, the splits of a shape side by side.
template <size_t kShapes>
constexpr std::array<SwapConfig, kShapes * std::size(kSwapSplits)> with_splits(
    const std::array<GroupedShape, kShapes>& shapes) {
  std::array<SwapConfig, kShapes * std::size(kSwapSplits)> configs{};
  for (size_t i = 0; i < configs.size(); ++i) {
    const size_t shape = i / std::size(kSwapSplits);
    configs[i] = {shapes[shape], kSwapSplits[i % std::size(kSwapSplits)], is_second(shapes, shape)};
  }
  return configs;
}

}  // namespace octet::ops::gemm_grouped
