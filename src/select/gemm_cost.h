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

/// Of one of the device's compute units: threads of a CPU, multiprocessors of a GPU.
CostTerms gemm_cost_terms(const GemmWork& work, const Tile& tile, const Device& device);

}  // namespace octet::select
