// The work of a dense GEMM in the terms of the cost model.
#pragma once

#include "src/select/cost_model.h"

namespace octet::select {

struct GemmWork {
  int64_t m = 0, n = 0, k = 0;  // of 8-bit operands
  int64_t d_element_bytes = 2;
};

/// Clusters of 1 to 8 thread blocks that a GPU runs at once, one block a multiprocessor. Why fewer
/// than compute units / size: a cluster lies within one of the chip's groups of about 16
/// multiprocessors.
int resident_clusters(int size, int cu_num);

/// Tiles of a GPU's kernel.
struct TileWork {
  double tiles = 0;
  double reads = 1;               // how often weights are read: rows of tiles over the same ones
  double weight_rows = 0, k = 0;  // of 8-bit codes
  double d_bytes = 0;
};
CostTerms tile_cost_terms(const TileWork& work, const Tile& tile, int cu_num);

/// Of one of the device's compute units: threads of a CPU, multiprocessors of a GPU.
CostTerms gemm_cost_terms(const GemmWork& work, const Tile& tile, const Device& device);

}  // namespace octet::select
