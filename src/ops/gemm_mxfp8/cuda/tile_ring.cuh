// The ring of a thread block in shared memory: where its parts are, their barriers, and who asks for
// tiles. Common to sm90_wgmma_promote and sm90_wgmma_widen.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/ops/gemm_mxfp8/cuda/finish_tile.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/tile_walk.cuh"

namespace octet::ops::gemm_mxfp8 {

constexpr int kReadyBarrier = 1;  // named: mbarriers are initialised

/// Where the parts of the shared memory of a block are.
template <TileShape S>
struct Shared {
  uint32_t base;

  __device__ uint32_t weights(int stage) const { return base + stage * S.weight_bytes(); }
  __device__ uint32_t tokens(int stage) const {
    return base + S.token_offset() + stage * S.token_bytes();
  }
  __device__ uint32_t left(int stage) const { return S.swapped() ? weights(stage) : tokens(stage); }
  __device__ uint32_t right(int stage) const {
    return S.swapped() ? tokens(stage) : weights(stage);
  }
  /// Four for each row.
  __device__ uint32_t left_factors(int stage) const {
    return base + S.factor_offset() + stage * S.factor_bytes();
  }
  /// For each 32 of k, 16 columns after 16; the four that a thread needs of 16 are side by side.
  __device__ uint32_t right_factors(int stage) const { return left_factors(stage) + S.left() * 16; }
  __device__ uint32_t right_exponents(int slot) const {
    return base + S.exponent_offset() + slot * S.exponent_bytes();
  }
  __device__ uint32_t left_exponents(int slot) const {
    return right_exponents(slot) + (S.widened ? 0 : S.right() * 4);
  }
  __device__ uint32_t full(int stage) const { return base + S.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(S.stages + stage); }
  __device__ Exchange exchange() const {
    return {base + S.group_offset(), base + S.reduce_offset(), full(2 * S.stages)};
  }
};

/// `factors`: warps that unfold exponents.
template <TileShape S>
__device__ void set_up_barriers(Shared<S> shared, int factors) {
  for (int stage = 0; stage < S.stages; ++stage) {
    mbarrier_init(shared.full(stage), 1 + factors);  // the tiles' request, and the factors
    mbarrier_init(shared.empty(stage), S.left() / 16);
  }
  for (int warp = 0; warp < S.left() / 16; ++warp) {
    mbarrier_init(shared.exchange().barrier(warp), 1);
  }
  mbarrier_init_fence();
}

/// One thread: asks for the tiles of every step, weights first where tokens are being written by
/// the launch before.
template <TileShape S>
__device__ __forceinline__ void request_tiles(const Sm90Params& p, Shared<S> shared) {
  Work<S> work;
  const uint64_t policy = S.rows(p.m) == 1 ? kEvictFirst : kEvictNormal;
  const int first_k = work.first_k(p), end_k = work.end_k(p);
  auto [m0, n0] = work.place(p);
  const auto request_weights = [&](int stage, int k) {
    mbarrier_arrive_expect(shared.full(stage), S.weight_bytes() + S.token_bytes());
    tensor_load(shared.weights(stage), &p.b, k * 128, n0, shared.full(stage), policy);
  };
  const auto request_tokens = [&](int stage, int k) {
    const uint32_t to = shared.tokens(stage), full = shared.full(stage);
    if constexpr (S.widened) {
      tensor_load(to, &p.wide_map, k * 128, m0, full, kEvictLast);
      tensor_load(to + S.block_m * 128, &p.wide_map, k * 128 + 64, m0, full, kEvictLast);
    } else {
      tensor_load(to, &p.a, k * 128, m0, full, kEvictLast);
    }
  };
  Cursor<S.stages> at;
  int k = first_k;
  if (p.dependent) {
    const int ahead = work.done(p) ? 0 : min(end_k - first_k, S.stages);
#pragma unroll 1
    for (int i = 0; i < ahead; ++i) request_weights(i, k + i);
    dependency_wait();
#pragma unroll 1
    for (int i = 0; i < ahead; ++i, ++k, at.advance()) request_tokens(i, k);
  }
  while (!work.done(p)) {
#pragma unroll 1
    for (; k < end_k; ++k, at.advance()) {
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      request_weights(at.stage, k);
      request_tokens(at.stage, k);
    }
    work.advance();
    const auto next = work.place(p);
    m0 = next.m0;
    n0 = next.n0;
    k = first_k;
  }
}

/// A thread block: consumer warpgroups, a warp that asks for tiles, and three that feed, of which
/// `feeders` arrive at the barrier of each stage.
template <TileShape S, class Feed, class Consume>
__device__ __forceinline__ void run_block(const Sm90Params& p, int feeders, const Feed& feed,
                                          const Consume& consume) {
  static_assert(S.shared_bytes() <= 232448 && S.right() % (8 * S.split) == 0 &&
                S.stages % S.groups == 0 && S.stages > S.groups && S.consumers() <= 3);
  extern __shared__ __align__(1024) uint8_t memory[];
  const Shared<S> shared{shared_address(memory)};
  constexpr int kTiles = S.consumers() * 4;
  const int warp = threadIdx.x / 32;
  dependency_release();
  if (warp == kTiles && elect_one()) {
    tensor_map_prefetch(&p.b);
    tensor_map_prefetch(S.widened ? &p.wide_map : &p.a);
    set_up_barriers<S>(shared, feeders);
  }
  __syncwarp();
  if (warp == kTiles) {
    named_barrier_arrive(kReadyBarrier, S.threads());  // the first loads need not wait for others
  } else {
    named_barrier_sync(kReadyBarrier, S.threads());
  }
  if constexpr (S.split > 1) cluster_arrive();
  if (warp >= kTiles) {
    registers_decrease<S.producer_registers()>();
    if (warp > kTiles) {
      feed(shared, warp - kTiles);
    } else if (elect_one()) {
      request_tiles<S>(p, shared);
    }
    __syncwarp();
    if constexpr (S.split > 1) cluster_wait();
  } else {
    registers_increase<S.consumer_registers()>();
    if (p.dependent) dependency_wait();  // results may overwrite what that launch reads
    consume(shared);
  }
}

}  // namespace octet::ops::gemm_mxfp8
