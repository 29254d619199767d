// The ring of sm90_mx_widen: a block walks over tiles, and one warpgroup keeps stages of 128 of k
// coming: a warp asks for weights (TMA, a stack of matrices), two warps gather widened tokens, two
// make factors of the exponents of weights.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/mx_widen.cuh"
#include "src/gpu/cuda/ring_cursor.cuh"
#include "src/ops/gemm_grouped/cuda/gather.cuh"
#include "src/ops/gemm_grouped/cuda/loose_row.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_mx_widen_shape.h"

namespace octet::ops::gemm_grouped::widen {

using namespace gpu;

/// Where the parts of the shared memory of a block are.
template <WidenShape S>
struct Shared {
  uint32_t base;

  /// 64 of k in rows of 128 bytes, then the next 64.
  __device__ uint32_t tokens(int stage) const { return base + stage * S.token_bytes(); }
  __device__ uint32_t weights(int stage) const {
    return base + S.weight_offset() + stage * S.weight_bytes();
  }
  __device__ uint32_t staged(int warp) const {
    return base + S.staged_offset() + warp * S.kStagedBytes;
  }
  __device__ uint32_t factors(int stage) const {
    return base + S.factor_offset() + stage * (S.factor_bytes() + S.kNoteBytes);
  }
  __device__ uint32_t note(int stage) const { return factors(stage) + S.factor_bytes(); }
  __device__ uint32_t unusual(int stage) const { return note(stage) + 16; }
  __device__ uint32_t full(int stage) const { return base + S.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(S.stages + stage); }
};

template <WidenShape S>
using Cursor = RingCursor<S.stages>;

template <WidenShape S>
using Tiles = Walk<S.slots>;

template <WidenShape S>
__device__ __forceinline__ Tiles<S> tiles_of(const Sm90Params& p) {
  const int columns = (p.n + S.block_n - 1) / S.block_n;
  return {p.slots, columns, static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x)};
}

/// A stage's tile: its first slot, its expert, its first column of d, the slots to multiply, and
/// whether another tile follows. Why not a Walk: consumers' registers are full of sums.
struct Note {
  int slot, expert, n0, slots;
  bool more;
};

/// All lanes of a warp.
template <WidenShape S>
__device__ __forceinline__ Note note_of(const Sm90Params& p, const Tiles<S>& tile) {
  const int lane = threadIdx.x % 32;
  int slots = S.kSlotGrain;
#pragma unroll
  for (int first = S.kSlotGrain; first < S.slots; first += S.kSlotGrain) {
    const int row = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + first + lane]);
    if (__any_sync(0xffffffff, row >= 0)) slots = first + S.kSlotGrain;
  }
  Tiles<S> next = tile;
  next.advance();
  return {tile.slot(), tile.expert(), tile.column() * S.block_n, slots, !next.done()};
}
/// One thread of those that arrive at the stage.
template <WidenShape S>
__device__ __forceinline__ void leave_note(Shared<S> shared, int stage, const Note& note) {
  shared_store(shared.note(stage), note.slot, note.expert, note.n0, note.slots | note.more);
}
template <WidenShape S>
__device__ __forceinline__ Note read_note(Shared<S> shared, int stage) {
  const float4 words = shared_load_floats(shared.note(stage));
  const auto word = [](float x) { return static_cast<int>(uniform(__float_as_uint(x))); };
  const int slots = word(words.w);
  return {word(words.x), word(words.y), word(words.z), slots & ~1, (slots & 1) != 0};
}

/// Whether a stage has exponents whose factors are not usual.
template <WidenShape S>
__device__ __forceinline__ bool has_unusual(Shared<S> shared, int stage) {
  const float2 words = shared_load_pair(shared.unusual(stage));
  return (__float_as_uint(words.x) | __float_as_uint(words.y)) != 0;
}

/// Consumers are done with a stage. All lanes: ordinary reads end by warp.
template <WidenShape S>
__device__ __forceinline__ void release(Shared<S> shared, int stage) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(stage));
}

/// The gathering warps.
template <WidenShape S>
__device__ __forceinline__ void gather_tokens(const Sm90Params& p, Shared<S> shared, int thread) {
  const auto* wide = static_cast<const uint8_t*>(p.wide_tokens);
  dependency_wait();
  Cursor<S> at;
  Signal<S.stages, S.stages - 2> signal(shared.full(0));
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const Gather<S.slots, S.kGatherers * 32> tokens(p.slots, p.k / 8, tile.slot(), thread);
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      const uint32_t to = shared.tokens(at.stage);
      tokens.request(wide, 2 * p.k, to, 2 * k);
      tokens.request(wide, 2 * p.k, to + S.slots * 128, 2 * k + 1);
      signal.requested();
    }
  }
  signal.finish();
}

/// The exponents of a lane's rows of weights, on their way to factors: every 32nd row of the part
/// of the tile that is the warp's.
template <WidenShape S>
class Factors {
 public:
  __device__ __forceinline__ Factors(const Sm90Params& p, const Tiles<S>& tile, int first_row)
      : blocks_(p.k / 32) {
    const int n = tile.column() * S.block_n + first_row;
    const auto* b = static_cast<const uint8_t*>(p.b_scale) + tile.expert() * p.b_scale_expert +
                    min(n, p.n - 1) * p.b_scale_row;
    // Rows past the end have codes of zero.
    rows_ = LooseRows<kRows>(b, blocks_, 32 * p.b_scale_row, (p.n - n + 31) / 32);
  }
  /// Before the stage is empty.
  __device__ __forceinline__ void read(int k) {
    if (k % 4 == 0) rows_.read(k);
  }
  /// `to`: of the lane's first row. Whether a factor is kMxNoFactor.
  __device__ __forceinline__ bool store(uint32_t to, int k) const {
    uint32_t most = 0;
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      const uint32_t word = whole_word(rows_.word(row, k % 4), blocks_ - 4 * k);
      uint32_t factors[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        factors[i] = bf16_factor(word, i);
        most = max(most, factors[i]);
      }
      shared_store(to + row * 512, factors[0], factors[1], factors[2], factors[3]);
    }
    return most == kMxNoFactor;
  }

 private:
  static constexpr int kRows = S.block_n / S.kFactors / 32;

  LooseRows<kRows> rows_;
  int blocks_;
};

/// Warps that make factors, `part` of them; the first asks for weights, the last leaves notes.
template <WidenShape S, int kPart>
__device__ __forceinline__ void feed_weights(const Sm90Params& p, Shared<S> shared, int lane) {
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const uint64_t policy = tile.weights_are_shared() ? kEvictNormal : kEvictFirst;
    const int n0 = tile.column() * S.block_n, expert = tile.expert();
    const int first_row = kPart * (S.block_n / S.kFactors) + lane;
    Factors<S> factors(p, tile, first_row);
    Note note{};
    if constexpr (kPart > 0) note = note_of<S>(p, tile);
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      const uint32_t full = shared.full(at.stage);
      factors.read(k);
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      if (lane == 0) {
        if constexpr (kPart > 0) {
          leave_note(shared, at.stage, note);
        } else {
          mbarrier_arrive_expect(full, S.weight_bytes());
          tensor_load_plane(shared.weights(at.stage), &p.b, k * 128, n0, expert, full, policy);
        }
      }
      __syncwarp();
      const bool unusual = factors.store(shared.factors(at.stage) + first_row * 16, k);
      const bool any = __any_sync(0xffffffff, unusual);
      if (lane == 0) shared_store_word(shared.unusual(at.stage) + kPart * 4, any);
      __syncwarp();
      if (lane == 0) mbarrier_arrive(full);
    }
  }
}

/// `consume(shared)` by warpgroups, beside the producers. Only who reads what the launch before
/// has widened waits for it: that launch lets this one begin when all before it have ended.
template <WidenShape S, class Consume>
__device__ __forceinline__ void run(const Sm90Params& p, const Consume& consume) {
  static_assert(S.shared_bytes() <= 232448 && S.kGatherers + S.kFactors == 4);
  constexpr int kFirst = S.consumers * 4;  // producer warp
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{uniform(shared_address(memory))};
  const int warp = static_cast<int>(uniform(threadIdx.x / 32)), lane = threadIdx.x % 32;
  if (warp == kFirst && elect_one()) {
    tensor_map_prefetch(&p.b);
    for (int stage = 0; stage < S.stages; ++stage) {
      mbarrier_init(shared.full(stage), 1 + S.kFactors + S.kGatherers);  // 1: weights
      mbarrier_init(shared.empty(stage), S.consumers * 4);
    }
    mbarrier_init_fence();
  }
  __syncthreads();
  dependency_release();
  if (warp >= kFirst) {
    registers_decrease<S.kProducerRegisters>();
    if (warp == kFirst) feed_weights<S, 0>(p, shared, lane);
    if (warp == kFirst + 1) feed_weights<S, 1>(p, shared, lane);
    if (warp > kFirst + 1) gather_tokens<S>(p, shared, threadIdx.x - (kFirst + 2) * 32);
  } else {
    registers_increase<S.consumer_registers()>();
    consume(shared);
  }
}

}  // namespace octet::ops::gemm_grouped::widen
