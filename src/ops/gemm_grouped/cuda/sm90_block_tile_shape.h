// Shapes of sm90_block_tile's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/tile_shape.h"

namespace octet::ops::gemm_grouped {

/// Floats of a stage: of each slot, and of each 128 of n.
constexpr TileShape block_tile_shape(int waves, int stages) {
  return {waves, stages, (TileShape::kSlots + 4) * 4};
}

/// waves, stages.
#define OCTET_SM90_BLOCK_TILE_KERNELS(X) \
  X(2, 4)                                \
  X(1, 6)

}  // namespace octet::ops::gemm_grouped
