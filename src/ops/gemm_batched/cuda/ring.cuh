// The ring of a thread block of gemm_batched's kernels: where its parts are in shared memory, the
// tiles that the block walks over, and who asks for their operands.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/ring_cursor.cuh"
#include "src/ops/gemm_batched/cuda/params.h"
#include "src/ops/gemm_batched/cuda/tile_shape.h"

namespace octet::ops::gemm_batched {

using namespace gpu;

constexpr int kReadyBarrier = 1;  // named: mbarriers are initialised

/// Where the parts of the shared memory of a block are.
template <TileShape S>
struct Shared {
  uint32_t base;

  __device__ uint32_t weights(int stage) const { return base + stage * S.weight_bytes(); }
  __device__ uint32_t tokens(int stage) const {
    return base + S.token_offset() + stage * S.token_bytes();
  }
  /// Exponents of weights: 16 bytes a row, of this stage and of that beside it in 512 of k.
  __device__ uint32_t exponents(int stage) const {
    return base + S.scale_offset() + stage * S.scale_bytes();
  }
  /// Scales of tokens: a float each.
  __device__ uint32_t scales(int stage) const { return exponents(stage) + S.exponent_bytes(); }
  __device__ uint32_t boxes(int warpgroup) const {
    return base + S.box_offset() + warpgroup * S.boxes() * S.kBoxBytes;
  }
  __device__ uint32_t full(int stage) const { return base + S.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(S.stages + stage); }
};

template <TileShape S>
using Cursor = RingCursor<S.stages>;

/// The tiles of a block: tokens of a matrix first, so that weights are read from memory once.
/// Keeps one number: the rest is cheaper to find again than to hold while sums fill the registers.
template <TileShape S>
struct Work {
  int tile;

  struct Place {
    int batch, m0, n0;
  };

  __device__ __forceinline__ Work() {
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(tile));
  }
  __device__ __forceinline__ bool done(const Sm90Params& p) const { return tile >= p.tiles; }
  __device__ __forceinline__ void advance() { tile += static_cast<int>(gridDim.x); }
  __device__ __forceinline__ static int rows(const Sm90Params& p) {
    return (p.m + S.block_m - 1) / S.block_m;
  }
  __device__ __forceinline__ static int steps(const Sm90Params& p) { return p.k_blocks; }
  __device__ __forceinline__ Place place(const Sm90Params& p) const {
    const int columns = (p.n + S.block_n - 1) / S.block_n;
    const int panel = tile / rows(p), batch = panel / columns;
    return {batch, (tile - panel * rows(p)) * S.block_m, (panel - batch * columns) * S.block_n};
  }
};

/// One thread: asks for the tiles of every step, weights first where tokens are being written by
/// the launch before.
template <TileShape S>
__device__ __forceinline__ void request_tiles(const Sm90Params& p, Shared<S> shared) {
  const bool exponents = S.is_fp4() && p.exponents_mapped;
  constexpr int kTokenBytes =
      S.brings_tokens() ? 0 : S.token_bytes() + S.scale_rows() * S.block_m * 4;
  const int bytes = S.weight_bytes() + kTokenBytes + (exponents ? S.exponent_bytes() : 0);
  constexpr int kWeightCols = S.method == Method::kBf16 ? 64 : 128;  // elements of the maps
  constexpr int kTokenCols = 128 / S.token_element();
  Work<S> work;
  const uint64_t policy = work.rows(p) == 1 ? kEvictFirst : kEvictNormal;
  typename Work<S>::Place at_tile = work.place(p);
  const auto request_weights = [&](int stage, int k) {
    mbarrier_arrive_expect(shared.full(stage), bytes);
    tensor_load_plane(shared.weights(stage), &p.b, k * kWeightCols, at_tile.n0, at_tile.batch,
                      shared.full(stage), policy);
    if (exponents) {
      tensor_load_plane(shared.exponents(stage), &p.exponents, k / 2 * 16, at_tile.n0,
                        at_tile.batch, shared.full(stage), kEvictNormal);
    }
  };
  const auto request_tokens = [&](int stage, int k) {
    if constexpr (S.brings_tokens()) return;
    const uint32_t full = shared.full(stage);
#pragma unroll
    for (int i = 0; i < S.token_boxes(); ++i) {
      tensor_load_plane(shared.tokens(stage) + i * S.token_box_bytes(), &p.a,
                        (k * S.token_boxes() + i) * kTokenCols, at_tile.m0, at_tile.batch, full,
                        kEvictLast);
    }
    if constexpr (S.scale_rows() > 0) {
      tensor_load_plane(shared.scales(stage), &p.token_scales, at_tile.m0, k * S.scale_rows(),
                        at_tile.batch, full, kEvictLast);
    }
  };
  Cursor<S> at;
  const int steps = work.steps(p);
  int k = 0;
  if (p.dependent && !S.brings_tokens()) {  // weights do not depend on the launch before this one
    const int ahead = work.done(p) ? 0 : min(steps, S.stages);
#pragma unroll 1
    for (int i = 0; i < ahead; ++i) request_weights(i, i);
    dependency_wait();
#pragma unroll 1
    for (; k < ahead; ++k, at.advance()) request_tokens(k, k);
  }
  while (!work.done(p)) {
#pragma unroll 1
    for (; k < steps; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      request_weights(at.stage, k);
      request_tokens(at.stage, k);
    }
    work.advance();
    at_tile = work.place(p);
    k = 0;
  }
}

/// Gives a stage back, once per warp: ordinary reads end by warp, not by warpgroup.
__device__ __forceinline__ void release(uint32_t empty) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) mbarrier_arrive(empty);
}

/// `feeders`: threads besides the tiles' that arrive at each stage.
template <TileShape S>
__device__ __forceinline__ void set_up_barriers(Shared<S> shared, int feeders) {
  for (int stage = 0; stage < S.stages; ++stage) {
    mbarrier_init(shared.full(stage), 1 + feeders);
    mbarrier_init(shared.empty(stage), S.consumers() * 4);
  }
  mbarrier_init_fence();
}

/// A thread block: consumer warpgroups, a warp that asks for tiles, and one that may `feed` what
/// tiles alone do not bring.
template <TileShape S, class Feed, class Consume>
__device__ __forceinline__ void run_block(const Sm90Params& p, const Feed& feed,
                                          const Consume& consume) {
  static_assert(S.shared_bytes() <= 232448);
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{uniform(shared_address(memory))};
  constexpr int kTiles = S.consumers() * 4;
  const int warp = static_cast<int>(uniform(threadIdx.x / 32));
  dependency_release();
  if (warp == kTiles && elect_one()) {
    tensor_map_prefetch(&p.b);
    if constexpr (!S.brings_tokens()) tensor_map_prefetch(&p.a);
    set_up_barriers<S>(shared, S.is_fp4() && !p.exponents_mapped ? 32 : 0);
  }
  __syncwarp();
  if (warp == kTiles) {
    named_barrier_arrive(kReadyBarrier, S.threads());  // the first loads need not wait for others
  } else {
    named_barrier_sync(kReadyBarrier, S.threads());
  }
  if (warp >= kTiles) {
    if constexpr (S.moves_registers()) registers_decrease<40>();
    if (warp == kTiles && elect_one()) request_tiles<S>(p, shared);
    if (warp == kTiles + 1) feed(shared);
  } else {
    if constexpr (S.moves_registers()) registers_increase<232>();
    if (p.dependent) dependency_wait();  // results may overwrite what that launch reads
    consume(shared);
  }
}

}  // namespace octet::ops::gemm_batched
