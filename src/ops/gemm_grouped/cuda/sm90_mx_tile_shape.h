// Shapes of sm90_mx_tile's kernels.
#pragma once

#include "src/ops/gemm_grouped/cuda/tile_shape.h"

namespace octet::ops::gemm_grouped {

/// Of a stage: four factors of each slot, of each row of weights, and whether exponents are
/// unusual.
constexpr TileShape mx_tile_shape(int stages) {
  return {1, stages, (TileShape::kSlots + 128) * 16 + 16, 1};
}

/// stages.
#define OCTET_SM90_MX_TILE_KERNELS(X) X(5)

}  // namespace octet::ops::gemm_grouped
