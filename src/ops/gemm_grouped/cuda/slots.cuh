// The slot list on its way to a block, and the rows of d of an accumulator's columns.
#pragma once

#include "src/gpu/cuda/vector.cuh"
#include "src/ops/gemm_grouped/cuda/walk.h"

namespace octet::ops::gemm_grouped {

/// Has the lines of the slot list that a block is likely to read first brought to the first-level
/// cache: how many slots there are, which experts tiles are of, and the ids of the tile that is the
/// block's if all tiles have their turn. Routing weights only to the second, for the list may be
/// older than they are. One warp. Why: a walk reads them one after the other, each from memory.
template <int kBlockM>
__device__ __forceinline__ void fetch_list(const SlotParams& p, int worker) {
  const int lane = threadIdx.x % 32;
  const auto fetch = [](const void* address) {
    uint32_t unused;
    asm volatile("ld.global.b32 %0, [%1];" : "=r"(unused) : "l"(address) : "memory");
  };
  if (lane == 0) fetch(p.padded_slots);
  if (lane > 0 && (lane - 1) * 32 < p.max_tiles) fetch(p.tile_experts + (lane - 1) * 32);
  const int tiles = max(p.max_tiles, 1), slot = (worker + worker / tiles) % tiles * p.block_m + lane * 32;
  if (lane * 32 < kBlockM && p.max_tiles > 0) fetch(p.sorted_ids + slot);
  if (p.topk_weights != nullptr && lane * 32 < p.rows) gpu::prefetch_line(p.topk_weights + lane * 32);
}

/// The rows of d that a lane stores (transposed_store.cuh), and their weights.
template <int kGroups>
class SlotRows {
 public:
  __device__ __forceinline__ SlotRows(const SlotParams& p, int slot) {
    const int lane = threadIdx.x % 32;
    const int32_t* ids = p.sorted_ids + slot + lane % 4 * 2 + lane / 4 % 2;
#pragma unroll
    for (int j = 0; j < kGroups; ++j) rows_[j] = ids[8 * j];
  }
  /// Once, before the rows are asked for.
  __device__ __forceinline__ void resolve(const SlotParams& p) {
#pragma unroll
    for (int j = 0; j < kGroups; ++j) rows_[j] = slot_row(p, rows_[j]);
#pragma unroll
    for (int j = 0; j < kGroups; ++j) {
      weights_[j] = p.topk_weights != nullptr && rows_[j] >= 0 ? p.topk_weights[rows_[j]] : 1;
    }
  }
  __device__ __forceinline__ int row(int j) const { return rows_[j]; }
  __device__ __forceinline__ float value(int j, float sum) const { return weights_[j] * sum; }

 private:
  int rows_[kGroups];  // ids before resolve()
  float weights_[kGroups];
};

}  // namespace octet::ops::gemm_grouped
