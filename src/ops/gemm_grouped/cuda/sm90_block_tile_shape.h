// Shapes of sm90_block_tile's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/tile_shape.h"

namespace octet::ops::gemm_grouped {

/// Floats of a stage: of each slot, and of each 128 of n.
constexpr TileShape block_tile_shape(int waves, int stages, bool tall, bool shares) {
  return {waves, stages, (TileShape::kSlots * (tall ? 2 : 1) + 4) * 4, 2, tall, shares};
}

/// waves, stages, whether tiles may be tall (1), whether blocks share tokens (1).
#define OCTET_SM90_BLOCK_TILE_KERNELS(X) \
  X(2, 4, 0, 0)                          \
  X(2, 4, 0, 1)                          \
  X(2, 4, 1, 1)                          \
  X(1, 6, 0, 0)

}  // namespace octet::ops::gemm_grouped
