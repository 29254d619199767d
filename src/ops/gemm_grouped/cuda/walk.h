// The order in which thread blocks walk over the tiles of a slot list. Every warp of a block walks
// on its own, in the same order. For host and device: tests walk too.
#pragma once

#include <algorithm>
#include <cstdint>

#include "src/gpu/cuda/host_device.h"
#include "src/ops/gemm_grouped/cuda/params.h"

namespace octet::ops::gemm_grouped {

/// A block's (or cluster's) parts of d: `kBlockM` slots of one expert by a range of n. In a group
/// of tiles the slots move first, so what one wave of blocks reads of an expert is read once. The
/// tile of a place moves on from column to column. Why: a stride that is a multiple of the group's
/// tiles would leave a block with the same tile all along, and all wait where it has more parts.
///
/// kPairs: tiles of kBlockM slots and an even number of ranges of n a column. Where two tiles of
/// an expert follow each other in a group they swap halves: both become tall, 2 * kBlockM slots by
/// half of the column's ranges, so that these weights are read once.
template <int kBlockM, bool kPairs = false>
class Walk {
 public:
  /// `columns` ranges of n; the walk of one of `workers`. kPairs: halves of a column that lie in d.
  OCTET_DEVICE Walk(const SlotParams& slots, int columns, int worker, int workers, int halves = 0)
      : slots_(slots), columns_(columns), halves_(halves), tiles_(tiles_in_use(slots)) {
    share_out(workers);
    if (worker >= stride_) first_ = tiles_;
    start_group();
    if (done()) return;
    column_ = worker / height_;
    place_ = worker - column_ * height_;
    settle();
  }

  OCTET_DEVICE bool done() const { return first_ >= tiles_; }
  OCTET_DEVICE int expert() const { return expert_; }
  OCTET_DEVICE int column() const { return column_; }
  OCTET_DEVICE int slot() const {
    return (first_ + tile_ - (pair_ < 0 ? 1 : 0)) * slots_.block_m + part_ * kBlockM;
  }
  /// kPairs: whether this is a half of the column, and the first half that this is.
  OCTET_DEVICE bool tall() const { return pair_ != 0; }
  OCTET_DEVICE int half() const { return 2 * column_ + (pair_ < 0 ? 1 : 0); }
  /// Whether a neighbouring tile is of the same expert, or the tile has several parts.
  OCTET_DEVICE bool weights_are_shared() const {
    const int low = first_ + tile_ - (pair_ < 0 ? 1 : 0);
    const int high = first_ + tile_ + (pair_ > 0 ? 1 : 0);
    return parts_ > 1 || (low > 0 && slots_.tile_experts[low - 1] == expert_) ||
           (high + 1 < tiles_ && slots_.tile_experts[high + 1] == expert_);
  }
  OCTET_DEVICE void advance() {
    if (++part_ < parts_) return;
    step();
    settle();
  }

 private:
  /// As few workers as have no more to do than all would. Why: where a few of them walk once more,
  /// they cannot draw all of memory's speed.
  OCTET_DEVICE void share_out(int workers) {
    const auto parts = static_cast<uint64_t>(tiles_) * static_cast<uint64_t>(columns_);
    once_ = parts <= static_cast<uint64_t>(workers);
    stride_ = once_ ? std::max(static_cast<int>(parts), 1) : workers;
    if (once_ || parts >> 31 != 0) return;
    const auto count = static_cast<uint32_t>(parts), most = static_cast<uint32_t>(workers);
    const uint32_t rounds = (count + most - 1) / most;
    stride_ = static_cast<int>((count + rounds - 1) / rounds);
  }
  OCTET_DEVICE void start_group() {
    height_ = std::min(slots_.group_tiles, tiles_ - first_);
    if (height_ <= 0 || once_) return;
    step_column_ = stride_ / height_;
    step_place_ = stride_ - step_column_ * height_;
  }
  OCTET_DEVICE void step() {
    if (once_) {
      first_ = tiles_;
      return;
    }
    place_ += step_place_;
    column_ += step_column_;
    if (place_ >= height_) {
      place_ -= height_;
      ++column_;
    }
  }
  /// Goes on to a tile of an expert that is here, and counts its parts.
  OCTET_DEVICE void settle() {
    while (!done()) {
      while (column_ >= columns_) {
        const int rest = (column_ - columns_) * height_ + place_;
        first_ += height_;
        start_group();
        if (done()) return;
        column_ = rest / height_;
        place_ = rest - column_ * height_;
      }
      tile_ = place_ + column_ % height_;
      if (tile_ >= height_) tile_ -= height_;
      expert_ = slots_.tile_experts[first_ + tile_];
      if (static_cast<uint32_t>(expert_) < static_cast<uint32_t>(slots_.experts)) {
        part_ = 0;
        count_parts();
        if (!kPairs) return;
        find_pair();
        if (pair_ >= 0 || half() < halves_) return;
      }
      step();
    }
  }
  /// Slots of a tile come before its padding.
  OCTET_DEVICE void count_parts() {
    parts_ = 1;
    const int32_t* ids = slots_.sorted_ids + (first_ + tile_) * slots_.block_m;
    while (parts_ * kBlockM < slots_.block_m && slot_row(slots_, ids[parts_ * kBlockM]) >= 0) {
      ++parts_;
    }
  }
  /// In a group: every other tile of a run of one expert's is the first of two.
  OCTET_DEVICE void find_pair() {
    const int32_t* experts = slots_.tile_experts + first_;
    int before = 0;
    while (before < tile_ && experts[tile_ - 1 - before] == expert_) ++before;
    pair_ = before % 2 != 0 ? -1 : tile_ + 1 < height_ && experts[tile_ + 1] == expert_ ? 1 : 0;
    if (slots_.block_m != kBlockM) pair_ = 0;
  }

  const SlotParams& slots_;
  const int columns_, halves_;
  int tiles_;                   // of slots, in use
  int stride_ = 1;              // workers that have something to do
  bool once_ = false;           // each of them one part
  int first_ = 0, height_ = 0;  // the group: its first tile, and how many
  int step_place_ = 0, step_column_ = 0;
  int place_ = 0, column_ = 0;  // in the group
  int tile_ = 0;                // of the place
  int expert_ = 0;
  int part_ = 0, parts_ = 1;  // of the tile's slots
  int pair_ = 0;              // 1, -1: the first, the second of two tiles that swap halves
};

}  // namespace octet::ops::gemm_grouped
