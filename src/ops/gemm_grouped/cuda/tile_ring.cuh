// The ring of the kernels for many tokens an expert: a block walks over tiles of 128 slots, and one
// warpgroup keeps stages of 128 of k coming: a warp asks for weights (TMA, a stack of matrices), two
// warps gather tokens, one brings scales.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/ops/gemm_grouped/cuda/gather.cuh"
#include "src/ops/gemm_grouped/cuda/tile_shape.h"

namespace octet::ops::gemm_grouped::tile {

using namespace gpu;

/// Where the parts of the shared memory of a block are.
template <TileShape S>
struct Shared {
  uint32_t base;

  __device__ uint32_t tokens(int stage) const { return base + stage * S.kTokenBytes; }
  __device__ uint32_t weights(int stage) const {
    return base + S.weight_offset() + stage * S.weight_bytes();
  }
  __device__ uint32_t staged(int warp) const {
    return base + S.staged_offset() + warp * S.kStagedBytes;
  }
  __device__ uint32_t scales(int stage) const {
    return base + S.scale_offset() + stage * (S.scale_bytes + S.kNoteBytes);
  }
  __device__ uint32_t note(int stage) const { return scales(stage) + S.scale_bytes; }
  __device__ uint32_t full(int stage) const { return base + S.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(S.stages + stage); }
};

/// A place in the ring.
template <TileShape S>
struct Cursor {
  int stage = 0;
  uint32_t phase = 0;

  __device__ void advance() {
    if (++stage == S.stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <TileShape S>
__device__ __forceinline__ Walk<S.kSlots> tiles_of(const Sm90Params& p) {
  const int columns = (p.n + S.block_n() - 1) / S.block_n();
  return {p.slots, columns, static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x)};
}

/// A stage's tile: its first slot and column of d, whether another tile follows, and whether the
/// second 64 slots are padding. Why not a Walk: consumers' registers are full of sums.
struct Note {
  int slot, n0;
  bool more, half;
};
/// One thread of those that arrive at the stage.
template <TileShape S>
__device__ __forceinline__ void leave_note(Shared<S> shared, int stage, const Note& note) {
  shared_store(shared.note(stage), note.slot, note.n0, note.more, note.half);
}
template <TileShape S>
__device__ __forceinline__ Note read_note(Shared<S> shared, int stage) {
  const float4 words = shared_load_floats(shared.note(stage));
  return {static_cast<int>(uniform(__float_as_uint(words.x))),
          static_cast<int>(uniform(__float_as_uint(words.y))), __float_as_uint(words.z) != 0,
          __float_as_uint(words.w) != 0};
}
/// Of a warp that brings slots. `row`: of d, of the slot 64 behind the first and the lane's own.
template <TileShape S>
__device__ __forceinline__ Note note_of(const Walk<S.kSlots>& tile, int row) {
  Walk<S.kSlots> next = tile;
  next.advance();
  return {tile.slot(), tile.column() * S.block_n(), !next.done(),
          __shfl_sync(0xffffffff, row, 0) < 0};
}

/// Consumers are done with a stage. All lanes: ordinary reads end by warp.
template <TileShape S>
__device__ __forceinline__ void release(Shared<S> shared, int stage) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(stage));
}

/// The stages of a tile in which this warpgroup has nothing to do.
template <TileShape S>
__device__ __forceinline__ void pass_tile(const Sm90Params& p, Shared<S> shared, Cursor<S>& at) {
#pragma unroll 1
  for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    release(shared, at.stage);
  }
}

template <TileShape S>
using TileSignal = Signal<S.stages, S.stages - 2>;

/// Two warps.
template <TileShape S>
__device__ __forceinline__ void gather_tokens(const Sm90Params& p, Shared<S> shared, int thread) {
  Cursor<S> at;
  TileSignal<S> signal(shared.full(0));
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const Gather<S.kSlots, S.kGatherers * 32> tokens(p, tile.slot(), thread);
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      tokens.request(p, shared.tokens(at.stage), k);
      if constexpr (S.waits) {
        signal.requested();
      } else {
        copy_word_arrive(shared.full(at.stage));
      }
    }
  }
  if constexpr (S.waits) signal.finish();
}

/// A consumer's wait for a stage.
template <TileShape S>
__device__ __forceinline__ void wait_for(Shared<S> shared, const Cursor<S>& at) {
  mbarrier_wait(shared.full(at.stage), at.phase);
  if constexpr (!S.waits) shared_writes_fence();
}

/// One warp. A Scaling that brings scales of weights itself does it here, and arrives for them.
template <TileShape S, class Scaling>
__device__ __forceinline__ void request_weights(const Sm90Params& p, Shared<S> shared, int lane) {
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const uint64_t policy = tile.weights_are_shared() ? kEvictNormal : kEvictFirst;
    const int n0 = tile.column() * S.block_n(), expert = tile.expert();
    typename Scaling::template OfWeights<S> scales(p, expert, n0, lane);
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      const uint32_t full = shared.full(at.stage);
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      if (lane == 0) {
        mbarrier_arrive_expect(full, S.weight_bytes());
        tensor_load_plane(shared.weights(at.stage), &p.b, k * 128, n0, expert, full, policy);
      }
      __syncwarp();
      if constexpr (Scaling::kBringsWeights) {
        scales.bring(shared.scales(at.stage), k);
        __syncwarp();
        if (lane == 0) mbarrier_arrive(full);
      }
    }
  }
}

/// The tiles of a warpgroup. `whole(at, note)` takes its 64 slots of a tile, all of n; `halved` the
/// first 64 slots, its half of n, where the other 64 are padding. Both take all stages.
template <TileShape S, class Whole, class Halved>
__device__ __forceinline__ void consume_tiles(const Sm90Params& p, Shared<S> shared,
                                              const Whole& whole, const Halved& halved) {
  Cursor<S> at;
  bool more = !tiles_of<S>(p).done();
#pragma unroll 1
  while (more) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    const Note note = read_note(shared, at.stage);
    more = note.more;
    if (note.half) {
      halved(at, note);
    } else {
      whole(at, note);
    }
  }
}

/// `consume(shared)` by two warpgroups, beside the producers. Registers are those of a consumer's
/// thread, the rest of what the block got at its launch (168 a thread) is the producers'.
template <TileShape S, class Scaling, class Consume>
__device__ __forceinline__ void run(const Sm90Params& p, const Consume& consume) {
  static_assert(S.shared_bytes() <= 232448);
  constexpr int kFirst = 8;  // producer warp
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{uniform(shared_address(memory))};
  const int warp = static_cast<int>(uniform(threadIdx.x / 32)), lane = threadIdx.x % 32;
  if (warp == kFirst && elect_one()) {
    tensor_map_prefetch(&p.b);
    for (int stage = 0; stage < S.stages; ++stage) {
      // Weights, tokens, scales of slots; and of weights.
      mbarrier_init(shared.full(stage), 2 + S.token_arrivals() + (Scaling::kBringsWeights ? 1 : 0));
      mbarrier_init(shared.empty(stage), 8);
    }
    mbarrier_init_fence();
  }
  __syncthreads();
  dependency_release();
  if (p.dependent) dependency_wait();  // the slot list may be that launch's result
  if (warp >= kFirst) {
    registers_decrease<504 - 2 * Scaling::kRegisters>();
    if (warp == kFirst) request_weights<S, Scaling>(p, shared, lane);
    if (warp > kFirst && warp <= kFirst + S.kGatherers) {
      gather_tokens<S>(p, shared, threadIdx.x - (kFirst + 1) * 32);
    }
    if (warp > kFirst + S.kGatherers) Scaling::template bring_slots<S>(p, shared, lane);
  } else {
    registers_increase<Scaling::kRegisters>();
    consume(shared);
  }
}

}  // namespace octet::ops::gemm_grouped::tile
