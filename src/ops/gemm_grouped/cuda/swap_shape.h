// Shapes of the kernels that gather few tokens a tile (swap_grouped.cuh), for the host that
// launches them and the device code alike.
#pragma once

#include "src/gpu/swap_shape.h"

namespace octet::ops::gemm_grouped {

struct GroupedShape {
  gpu::SwapShape swap;
  int gatherers;  // warps that copy tokens and scales
  int blocks;     // that a multiprocessor holds, as far as registers go

  /// Consumers, the warp that asks for weights, and those that gather.
  constexpr int threads() const { return swap.warpgroups() * 128 + 32 + gatherers * 32; }
  /// Stages whose copies a gathering warp leaves under way. Consumers hold up to two stages a
  /// group, and must not wait for a stage that waits for theirs.
  constexpr int lag() const {
    const int free = swap.stages - 2 * swap.groups;
    return free < 4 ? free : 4;
  }
  /// And a barrier for each warp of weights: the first block of a split is past their sums.
  constexpr int shared_bytes(int split) const {
    return swap.shared_bytes(split) + swap.block_n / 16 * 8;
  }
  /// Blocks that a multiprocessor holds, each with 1024 bytes of its own.
  constexpr int resident(int split) const {
    const int most = 233472 / (shared_bytes(split) + 1024);
    return blocks < most ? blocks : most;
  }
};

/// Blocks of a cluster that share k.
inline constexpr int kSwapSplits[] = {1, 2, 4};
inline constexpr int kSwapMaxSplit = 4;

}  // namespace octet::ops::gemm_grouped
