// What the contracts of kernels by swap_grouped.cuh share: a config is a shape and a split.
#pragma once

#include <array>
#include <string>

#include "src/core/try.h"
#include "src/ops/gemm_grouped/cuda/launch.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped {

struct SwapConfig {
  GroupedShape shape;
  int split;  // thread blocks of a cluster that share k

  std::string name(std::string_view stem) const {
    return fmt::format("{}_{}x{}x128_g{}_c{}", stem, shape.swap.block_m, shape.swap.block_n,
                       shape.swap.groups, split);
  }
  select::Tile tile() const { return {shape.swap.block_m, shape.swap.block_n, 128, split}; }
};

/// Every shape with every split, the splits of a shape side by side.
template <size_t kShapes>
constexpr std::array<SwapConfig, kShapes * std::size(kSwapSplits)> with_splits(
    const std::array<GroupedShape, kShapes>& shapes) {
  std::array<SwapConfig, kShapes * std::size(kSwapSplits)> configs{};
  for (size_t i = 0; i < configs.size(); ++i) {
    configs[i] = {shapes[i / std::size(kSwapSplits)], kSwapSplits[i % std::size(kSwapSplits)]};
  }
  return configs;
}

}  // namespace octet::ops::gemm_grouped
