// Shapes of sm90_block_tile's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/tile_shape.h"

namespace octet::ops::gemm_grouped {

/// Floats of a stage: of each slot, and of each 128 of n.
constexpr TileShape block_tile_shape(int waves, int stages, bool waits) {
  return {waves, stages, (TileShape::kSlots + 4) * 4, waits};
}

/// waves, stages, whether warps that gather wait (1) or copies arrive (0).
#define OCTET_SM90_BLOCK_TILE_KERNELS(X) \
  X(2, 4, 1)                             \
  X(2, 4, 0)                             \
  X(1, 6, 1)                             \
  X(1, 6, 0)

}  // namespace octet::ops::gemm_grouped
