// Tokens of a tile, gathered through the slot list into the layout that the tensor core reads:
// 128-byte rows in the 128-byte swizzle, tiles aligned to 1024 bytes.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/ops/gemm_grouped/cuda/walk.h"

namespace octet::ops::gemm_grouped {

/// A thread's pieces of a tile's tokens: 16 bytes of every `kStep`-th row.
template <int kBlockM, int kThreads>
class Gather {
 public:
  __device__ __forceinline__ Gather(const Sm90Params& p, int slot, int thread)
      : Gather(p.slots, static_cast<uint32_t>(p.a_row / 16), slot, thread) {}
  /// From rows `pieces` times 16 bytes apart.
  __device__ __forceinline__ Gather(const SlotParams& slots, uint32_t pieces, int slot, int thread)
      : row_(thread / 8), piece_(thread % 8) {
    int32_t ids[kRows];
#pragma unroll
    for (int i = 0; i < kRows; ++i) ids[i] = slots.sorted_ids[slot + row_ + i * kStep];
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int row = slot_row(slots, ids[i]);
      at_[i] = static_cast<uint32_t>(token_row(slots, max(row, 0))) * pieces + piece_;
      if (row >= 0) real_ |= 1u << i;
    }
  }
  /// Columns 128 * k on, to the tile at `tokens`; zeros for padding and past the end of k.
  __device__ __forceinline__ void request(const Sm90Params& p, uint32_t tokens, int k) const {
    request(p.a_codes, p.k, tokens, k);
  }
  /// The same of rows of `bytes` at `rows`.
  __device__ __forceinline__ void request(const uint8_t* rows, int bytes, uint32_t tokens,
                                          int k) const {
    const uint8_t* from = rows + k * 128;
    const uint32_t real = k * 128 + piece_ * 16 < bytes ? real_ : 0;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int to = row_ + i * kStep;
      gpu::copy_piece(tokens + to * 128 + ((piece_ ^ (to & 7)) << 4),
                      from + static_cast<uint64_t>(at_[i]) * 16, real >> i & 1);
    }
  }

 private:
  static constexpr int kStep = kThreads / 8, kRows = kBlockM / kStep;
  static_assert(kBlockM % kStep == 0 && kRows <= 32);

  uint32_t at_[kRows];  // in pieces from the start of a: rows are 16 bytes aligned
  uint32_t real_ = 0;   // a bit for each that is no padding
  int row_, piece_;
};

/// Says that stages of a ring are full, `kLag` behind the copies of a warp: they are then done, and
/// visible to the tensor core, which reads shared memory by the proxy of asynchronous copies.
template <int kStages, int kLag>
class Signal {
 public:
  /// `full`: the barriers of all stages; each gets one arrival of this warp.
  __device__ __forceinline__ explicit Signal(uint32_t full) : full_(full) {}

  /// After the copies of the next stage.
  __device__ __forceinline__ void requested() {
    gpu::copy_commit();
    if (ahead_ < kLag) {
      ++ahead_;
    } else {
      arrive_after<kLag>(1);
    }
  }
  __device__ __forceinline__ void finish() { arrive_after<0>(ahead_); }

 private:
  template <int kPending>
  __device__ __forceinline__ void arrive_after(int stages) {
    gpu::copy_wait<kPending>();
    gpu::shared_writes_fence();
    __syncwarp();
    for (int i = 0; i < stages; ++i) {
      if (threadIdx.x % 32 == 0) gpu::mbarrier_arrive(full_ + stage_ * 8);
      if (++stage_ == kStages) stage_ = 0;
    }
  }

  uint32_t full_;
  int stage_ = 0, ahead_ = 0;  // stages with copies under way
};

}  // namespace octet::ops::gemm_grouped
