// The ring of the kernels for many tokens an expert: a block walks over tiles of 128 slots, and one
// warpgroup keeps stages of 128 of k coming: warps gather tokens, others ask for weights (TMA, a
// stack of matrices) and bring scales, and one thread hands over what has landed.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/ring_cursor.cuh"
#include "src/ops/gemm_grouped/cuda/gather.cuh"
#include "src/ops/gemm_grouped/cuda/tile_shape.h"

namespace octet::ops::gemm_grouped::tile {

using namespace gpu;

/// Where the parts of the shared memory of a block are.
template <TileShape S>
struct Shared {
  uint32_t base;

  __device__ uint32_t tokens(int stage) const { return base + stage * S.stage_bytes(); }
  __device__ uint32_t weights(int stage, bool tall) const {
    return tokens(stage) + (tall ? 2 * S.kTokenBytes : S.kTokenBytes);
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
  __device__ uint32_t landed(int stage) const { return full(2 * S.stages + stage); }
};

template <TileShape S>
using Cursor = RingCursor<S.stages>;

template <TileShape S>
using TileWalk = Walk<S.kSlots, S.tall>;
template <TileShape S>
__device__ __forceinline__ TileWalk<S> tiles_of(const Sm90Params& p) {
  constexpr int kColumn = S.block_n() * S.cluster();
  const int columns = (p.n + kColumn - 1) / kColumn;
  return {p.slots, columns, static_cast<int>(blockIdx.x) / S.cluster(),
          static_cast<int>(gridDim.x) / S.cluster(), (p.n + kColumn / 2 - 1) / (kColumn / 2)};
}

/// A stage's tile: its first slot and column of d, whether another tile follows, whether it is tall
/// and whether its last 64 slots are padding. Why not a Walk: consumers' registers are full of
/// sums.
struct Note {
  int slot, n0;
  bool more, tall, half;
};
/// One thread of those that arrive at the stage.
template <TileShape S>
__device__ __forceinline__ void leave_note(Shared<S> shared, int stage, const Note& note) {
  shared_store(shared.note(stage), note.slot, note.n0, note.more, note.tall * 2 + note.half);
}
template <TileShape S>
__device__ __forceinline__ Note read_note(Shared<S> shared, int stage) {
  const float4 words = shared_load_floats(shared.note(stage));
  const uint32_t kind = uniform(__float_as_uint(words.w));
  return {static_cast<int>(uniform(__float_as_uint(words.x))),
          static_cast<int>(uniform(__float_as_uint(words.y))), __float_as_uint(words.z) != 0,
          S.tall && kind >= 2, (kind & 1) != 0};
}
/// Of a warp that brings slots. `row`: of d, of the slot 64 before the tile's end and the lane's
/// own.
template <TileShape S>
__device__ __forceinline__ Note note_of(const TileWalk<S>& tile, int row) {
  TileWalk<S> next = tile;
  next.advance();
  // A column of n, or half of one, in parts for the blocks of a cluster.
  const int part = S.shares ? cluster_rank() : 0, half = tile.half() * S.cluster();
  const int n0 = tile.tall() ? (half + part) * 128 : (half + 2 * part) * (S.block_n() / 2);
  return {tile.slot(), n0, !next.done(), tile.tall(), __shfl_sync(0xffffffff, row, 0) < 0};
}

/// Consumers are done with a stage. All lanes: ordinary reads end by warp.
template <TileShape S>
__device__ __forceinline__ void release(Shared<S> shared, int stage) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(stage));
  if (S.shares && threadIdx.x % 32 == 1) {
    mbarrier_arrive_remote(shared.empty(stage), cluster_rank() ^ 1);
  }
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

/// Slots that a block gathers of a tile, of those that are not all padding.
template <TileShape S>
__device__ __forceinline__ int slots_to_gather(const Sm90Params& p, const TileWalk<S>& tile) {
  const int slots = tile.tall() ? 2 * S.kSlots : S.kSlots;
  if (!S.shares) return slots;
  const bool half = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + slots - 64]) < 0;
  return (half ? slots - 64 : slots) / 2;
}

/// The warps that gather.
template <TileShape S>
__device__ __forceinline__ void gather_tokens(const Sm90Params& p, Shared<S> shared, int thread) {
  const uint8_t* const codes = p.a_codes;
  const int k_blocks = p.k_blocks, columns = p.k;
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const int slots = slots_to_gather<S>(p, tile), first = S.shares ? cluster_rank() * slots : 0;
    constexpr int kMost = S.most_slots() / S.cluster();
    const TileGather<kMost, S.gatherers * 32> tokens(p, tile.slot() + first, slots, thread);
#pragma unroll 1
    for (int k = 0; k < k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      tokens.request(codes + k * 128, shared.tokens(at.stage) + first * 128, columns - k * 128);
      copy_word_arrive(shared.landed(at.stage));
    }
  }
}

/// One thread: tells consumers that the copies of a stage have landed, and sends them to the block
/// that shares them. They are writes of the generic proxy and the tensor core reads by that of
/// asynchronous copies: the fence is off everyone's path.
template <TileShape S>
__device__ __forceinline__ void hand_over(const Sm90Params& p, Shared<S> shared) {
  const int k_blocks = p.k_blocks;
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const int bytes = slots_to_gather<S>(p, tile) * 128;
#pragma unroll 1
    for (int k = 0; k < k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.landed(at.stage), at.phase);
      shared_writes_fence();
      if constexpr (S.shares) {
        const int rank = cluster_rank(), other = rank ^ 1;
        const uint32_t from = shared.tokens(at.stage) + rank * bytes;
        shared_copy(remote_address(from, other), from, bytes,
                    remote_address(shared.full(at.stage), other));
      }
      mbarrier_arrive(shared.full(at.stage));
    }
  }
}

/// `produce(shared, warp)` by warps that do not gather, `consume(shared)` by two warpgroups.
/// `landings`, `arrivals`: of the former at a stage, by copies that land and by others. kRegisters
/// are those of a consumer's thread, the rest of what the block got at its launch (168 a thread) is
/// the producers'.
template <TileShape S, int kRegisters, class Produce, class Consume>
__device__ __forceinline__ void run(const Sm90Params& p, int landings, int arrivals,
                                    const Produce& produce, const Consume& consume) {
  static_assert(S.shared_bytes() <= 232448);
  constexpr int kFirst = 8;  // producer warp
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{uniform(shared_address(memory))};
  const int warp = static_cast<int>(uniform(threadIdx.x / 32));
  if (warp == kFirst && elect_one()) {
    tensor_map_prefetch(&p.b);
    for (int stage = 0; stage < S.stages; ++stage) {
      mbarrier_init(shared.full(stage), arrivals + 1);
      mbarrier_init(shared.landed(stage), landings + S.gatherers * 32);
      mbarrier_init(shared.empty(stage), 8 * S.cluster());
    }
    mbarrier_init_fence();
  }
  if constexpr (S.shares) {
    __syncwarp();
    cluster_arrive();
    cluster_wait();
  } else {
    __syncthreads();
  }
  dependency_pass(p.dependent);  // the slot list may be that launch's result
  if (warp >= kFirst) {
    registers_decrease<504 - 2 * kRegisters>();
    constexpr int kGathering = kFirst + 4 - S.gatherers;
    if (warp < kGathering) {
      produce(shared, warp - kFirst);
    } else {
      gather_tokens<S>(p, shared, threadIdx.x - kGathering * 32);
    }
  } else {
    registers_increase<kRegisters>();
    consume(shared);
  }
  if constexpr (S.shares) {  // the other block may still read this one's memory, or write to it
    __syncwarp();
    cluster_arrive();
    cluster_wait();
  }
}

}  // namespace octet::ops::gemm_grouped::tile
