// How weights and scales of 128-blocks come to the stages of a tile: one warp.
#pragma once

#include "src/ops/gemm_grouped/cuda/tile_ring.cuh"

namespace octet::ops::gemm_grouped::tile {

/// A lane's rows of scales of a tile, and the warp's boxes of its weights: 128 of n each.
template <TileShape S>
class BlockSource {
 public:
  __device__ __forceinline__ BlockSource(const Sm90Params& p, const TileWalk<S>& tile, int lane)
      : expert_(tile.expert()),
        policy_(tile.weights_are_shared() ? kEvictNormal : kEvictFirst),
        tall_(tile.tall()) {
    int last_row = -1;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int row =
          has(i) ? slot_row(p.slots, p.slots.sorted_ids[tile.slot() + lane + 32 * i]) : -1;
      if (i == 2 || (i == 6 && tall_)) last_row = row;
      rows_[i] =
          static_cast<const float*>(p.a_scale) + token_row(p.slots, max(row, 0)) * p.a_scale_row;
    }
    note_ = note_of<S>(tile, last_row);
    const int n_block = min(note_.n0 / 128 + (tall_ ? 0 : lane), (p.n + 127) / 128 - 1);
    column_ =
        static_cast<const float*>(p.b_scale) + expert_ * p.b_scale_expert + n_block * p.b_scale_row;
    if (note_.n0 < p.n) boxes_ = S.waves == 2 && !tall_ && note_.n0 + 128 < p.n ? 2 : 1;
  }

  /// One thread: the stage's note, and its weights.
  __device__ __forceinline__ void ask(const Sm90Params& p, Shared<S> shared, int stage,
                                      int k) const {
    const uint32_t full = shared.full(stage), to = shared.weights(stage, tall_);
    leave_note(shared, stage, note_);
    // The other block's tokens count here too.
    const int slots = (tall_ ? 2 : 1) * S.kSlots - (note_.half ? 64 : 0);
    const int tokens = S.shares ? slots / 2 * 128 : 0;
    mbarrier_arrive_expect(full, boxes_ * S.kTokenBytes + tokens);
    for (int i = 0; i < boxes_; ++i) {
      tensor_load_plane(to + i * (128 * 128), &p.b, k * 128, note_.n0 + i * 128, expert_, full,
                        policy_);
    }
  }
  /// All lanes: the scales of the tile's slots, and of its one or two times 128 of n.
  __device__ __forceinline__ void copy(Shared<S> shared, int stage, int k, int lane) const {
    const uint32_t to = shared.scales(stage) + lane * 4;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      if (has(i)) copy_word(to + i * 128, rows_[i] + k, true);
    }
    if (lane < S.waves) copy_word(to + S.most_slots() * 4, column_ + k, true);
    copy_word_arrive(shared.landed(stage));
  }

 private:
  static constexpr int kRows = S.most_slots() / 32;
  __device__ __forceinline__ bool has(int i) const { return i < S.kSlots / 32 || tall_; }

  const float* rows_[kRows];
  const float* column_;
  Note note_;
  int expert_, boxes_ = 0;
  uint64_t policy_;
  bool tall_;
};

template <TileShape S>
__device__ __forceinline__ void bring_weights(const Sm90Params& p, Shared<S> shared, int lane) {
  const int k_blocks = p.k_blocks;
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const BlockSource<S> source(p, tile, lane);
#pragma unroll 1
    for (int k = 0; k < k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      if (lane == 0) source.ask(p, shared, at.stage, k);
      __syncwarp();
      source.copy(shared, at.stage, k, lane);
    }
  }
}

}  // namespace octet::ops::gemm_grouped::tile
