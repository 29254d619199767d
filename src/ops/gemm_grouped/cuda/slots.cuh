// The slot list on the device: which row of d a slot means, and the order in which thread blocks
// walk over tiles. Every warp of a block walks on its own, in the same order.
#pragma once

#include <cstdint>

#include "src/ops/gemm_grouped/cuda/params.h"

namespace octet::ops::gemm_grouped {

/// The row of d of a slot's id, -1 for padding and what is out of range.
__device__ __forceinline__ int slot_row(const SlotParams& p, int32_t id) {
  if (!p.packed) return static_cast<uint32_t>(id) < static_cast<uint32_t>(p.rows) ? id : -1;
  const int token = id & 0xffffff, choice = static_cast<int>(static_cast<uint32_t>(id) >> 24);
  return token < p.tokens && choice < p.topk ? token * p.topk + choice : -1;
}
/// The row of a that a row of d reads.
__device__ __forceinline__ int token_row(const SlotParams& p, int row) {
  return static_cast<int>(p.by_a_div.quotient(static_cast<uint32_t>(row)));
}

/// Tiles of slots that blocks go through before they move along n: operands then stay in L2.
constexpr int kGroupSlots = 2048;

/// A block's (or cluster's) parts of d: `kBlockM` slots of one expert by a range of n. In a group
/// of tiles the slots move first, so what one wave of blocks reads of an expert is read once.
template <int kBlockM>
class Walk {
 public:
  /// `columns` ranges of n; the walk of one of `stride` workers.
  __device__ __forceinline__ Walk(const SlotParams& slots, int columns, int worker, int stride)
      : slots_(slots), columns_(columns), stride_(stride) {
    tiles_ = min(max(*slots.padded_slots, 0) / slots.block_m, slots.max_tiles);
    start_group();
    if (done()) return;
    tile_ = worker % height_;
    column_ = worker / height_;
    settle();
  }

  __device__ __forceinline__ bool done() const { return first_ >= tiles_; }
  __device__ __forceinline__ int expert() const { return expert_; }
  __device__ __forceinline__ int column() const { return column_; }
  __device__ __forceinline__ int slot() const {
    return (first_ + tile_) * slots_.block_m + part_ * kBlockM;
  }
  /// Whether a neighbouring tile is of the same expert, or the tile has several parts.
  __device__ __forceinline__ bool weights_are_shared() const {
    const int tile = first_ + tile_;
    return parts_ > 1 || (tile > 0 && slots_.tile_experts[tile - 1] == expert_) ||
           (tile + 1 < tiles_ && slots_.tile_experts[tile + 1] == expert_);
  }
  __device__ __forceinline__ void advance() {
    if (++part_ < parts_) return;
    step();
    settle();
  }

 private:
  __device__ __forceinline__ void start_group() {
    height_ = min(max(kGroupSlots / slots_.block_m, 1), tiles_ - first_);
    if (height_ <= 0) return;
    step_column_ = stride_ / height_;
    step_tile_ = stride_ - step_column_ * height_;
  }
  __device__ __forceinline__ void step() {
    tile_ += step_tile_;
    column_ += step_column_;
    if (tile_ >= height_) {
      tile_ -= height_;
      ++column_;
    }
  }
  /// Goes on to a tile of an expert that is here, and counts its parts.
  __device__ __forceinline__ void settle() {
#pragma unroll 1
    while (true) {
      while (column_ >= columns_) {
        const int rest = (column_ - columns_) * height_ + tile_;
        first_ += height_;
        start_group();
        if (done()) return;
        tile_ = rest % height_;
        column_ = rest / height_;
      }
      expert_ = slots_.tile_experts[first_ + tile_];
      if (static_cast<uint32_t>(expert_) < static_cast<uint32_t>(slots_.experts)) break;
      step();
    }
    part_ = 0;
    count_parts();
  }
  /// Slots of a tile come before its padding.
  __device__ __forceinline__ void count_parts() {
    parts_ = 1;
    const int32_t* ids = slots_.sorted_ids + (first_ + tile_) * slots_.block_m;
#pragma unroll 1
    while (parts_ * kBlockM < slots_.block_m && slot_row(slots_, ids[parts_ * kBlockM]) >= 0) {
      ++parts_;
    }
  }

  const SlotParams& slots_;
  const int columns_, stride_;
  int tiles_;                      // of slots, in use
  int first_ = 0, height_ = 0;     // the group: its first tile, and how many
  int step_tile_ = 0, step_column_ = 0;
  int tile_ = 0, column_ = 0;      // in the group
  int expert_ = 0;
  int part_ = 0, parts_ = 1;       // of the tile's slots
};

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
