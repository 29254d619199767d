// Grouped GEMM for few tokens a tile on sm_90: the pipeline of src/gpu/cuda/swap_gemm.cuh, with
// tokens gathered through the slot list and weights of the tile's expert.
//
// Grid       as many blocks as the device runs at once (in clusters of `split`); they read how many
//            tiles there are, and walk over them
// Pipeline   one thread asks for weights (TMA, a stack of matrices); warps gather tokens by 16
//            bytes into the swizzled layout, and scales by words; consumers as in swap_gemm.cuh
// Overlap    the next launch begins when those before this one have ended: it finds all their work.
//            With an early list weights are asked for ahead of that
// Numerics   as in swap_gemm.cuh; a result is multiplied by its routing weight before it is rounded
//
// A Scaling is as in swap_gemm.cuh, but its
//   Source<S>(params, tile, thread)   is of a tile, and of a thread of those that gather; its
//                                     prefetch_weights() asks for the scales of weights, to L2
#pragma once

#include "src/gpu/cuda/swap_gemm.cuh"
#include "src/gpu/cuda/vector.cuh"
#include "src/ops/gemm_grouped/cuda/gather.cuh"
#include "src/ops/gemm_grouped/cuda/slots.cuh"
#include "src/ops/gemm_grouped/cuda/swap_shape.h"

namespace octet::ops::gemm_grouped::swap {

using namespace octet::gpu;
using gpu::swap::Seat;
using gpu::swap::Slot;

template <GroupedShape S>
using Layout = gpu::swap::Layout<S.swap>;

/// For each warp of weights, after all of Layout.
template <GroupedShape S>
__device__ __forceinline__ uint32_t released(const Layout<S>& at, int warp) {
  return at.received + (S.swap.block_n / 16 + warp) * 8;
}

/// This block's part of k, and of the tiles.
struct Work {
  int rank, split;
  int k_begin, k_end;

  __device__ __forceinline__ explicit Work(const Sm90Params& p) : split(p.split) {
    rank = split > 1 ? static_cast<int>(blockIdx.x) % split : 0;
    k_begin = p.k_blocks * rank / split;
    k_end = p.k_blocks * (rank + 1) / split;
  }
  __device__ __forceinline__ int k_steps() const { return k_end - k_begin; }

  template <GroupedShape S>
  __device__ __forceinline__ Walk<S.swap.block_m> tiles(const Sm90Params& p) const {
    const int worker = static_cast<int>(blockIdx.x) / split;
    const int columns = (p.n + S.swap.block_n - 1) / S.swap.block_n;
    return {p.slots, columns, worker, static_cast<int>(gridDim.x) / split};
  }
};

/// One thread.
template <GroupedShape S>
__device__ __forceinline__ void request_weights(const Sm90Params& p, const Layout<S>& at,
                                                const Work& w) {
  Slot<S.swap> slot;
#pragma unroll 1
  for (auto tile = w.tiles<S>(p); !tile.done(); tile.advance()) {
    const uint64_t policy = tile.weights_are_shared() ? kEvictNormal : kEvictFirst;
    const int row = tile.column() * S.swap.block_n, expert = tile.expert();
#pragma unroll 1
    for (int k = w.k_begin; k < w.k_end; ++k) {
      const uint32_t full = at.full + slot.stage * 8;
      mbarrier_wait(at.empty + slot.stage * 8, slot.phase ^ 1);
      mbarrier_arrive_expect(full, S.swap.weight_bytes());
      tensor_load_plane(at.weights + slot.stage * S.swap.weight_bytes(), &p.b, k * 128, row, expert,
                        full, policy);
      slot.advance(1);
    }
  }
}

/// All gathering warps: tokens and scales of every stage.
template <GroupedShape S, class Scaling>
__device__ __forceinline__ void gather(const Sm90Params& p, const Layout<S>& at, const Work& w,
                                       int thread) {
  Slot<S.swap> slot;
  Signal<S.swap.stages, S.lag()> signal(at.full);
  bool waits = p.early_list;
#pragma unroll 1
  for (auto tile = w.tiles<S>(p); !tile.done(); tile.advance()) {
    const Gather<S.swap.block_m, S.gatherers * 32> tokens(p, tile.slot(), thread);
    typename Scaling::template Source<S> scales(p, tile, thread);
    if (waits) {
      scales.prefetch_weights();
      dependency_wait();
      waits = false;
    }
#pragma unroll 1
    for (int k = w.k_begin; k < w.k_end; ++k) {
      mbarrier_wait(at.empty + slot.stage * 8, slot.phase ^ 1);
      tokens.request(p, at.tokens + slot.stage * S.swap.token_bytes(), k);
      scales.request(at.scales + slot.stage * S.swap.scale_bytes(), k);
      signal.requested();
      slot.advance(1);
    }
  }
  signal.finish();
}

template <GroupedShape S, class Scaling>
__device__ __forceinline__ void consume(const Sm90Params& p, const Layout<S>& at, const Work& w) {
  constexpr SwapShape kSwap = S.swap;
  constexpr int kConsumers = kSwap.warpgroups() * 128;
  const int warpgroup = static_cast<int>(uniform(threadIdx.x / 128));
  const Seat seat{warpgroup / (kSwap.block_n / 64), warpgroup % (kSwap.block_n / 64),
                  static_cast<int>(threadIdx.x / 32 % 4), static_cast<int>(threadIdx.x % 32)};
  const int warp = seat.warpgroup * 4 + seat.warp;
  float sum[kSwap.accumulators()];
  Slot<kSwap> slot;
  slot.advance(seat.group);
  int step = seat.group, end = w.k_steps();
  uint32_t phase = 0;
  bool first = true;
  auto tile = w.tiles<S>(p);
#pragma unroll 1
  while (!tile.done()) {
#pragma unroll
    for (float& x : sum) x = 0;
    const int n0 = tile.column() * kSwap.block_n + warp * 16;
    SlotRows<kSwap.block_m / 8> rows(p.slots, tile.slot());
    gpu::swap::accumulate<kSwap, Scaling>(sum, at, slot, step, end, seat);
    if (w.split > 1) {
      if (first) {
        cluster_wait();  // the cluster's barriers are ready
      } else if (w.rank > 0) {
        mbarrier_wait_cluster(released<S>(at, warp), phase ^ 1);  // the sums before these were read
      }
    }
    const bool stores = gpu::swap::combine<kSwap>(sum, at, w.rank, w.split, seat, phase);
    tile.advance();
    if (stores) {
      const int others = tile.done() ? 0 : w.split - 1;
      __syncwarp();
      if (seat.lane < others) mbarrier_release_remote(released<S>(at, warp), seat.lane + 1);
      rows.resolve(p.slots);
      store_transposed<kSwap.block_m / 8>(p, n0, sum, rows);
    }
    if (kSwap.groups > 1 && !tile.done()) named_barrier_sync(gpu::swap::kConsumersBarrier, kConsumers);
    first = false;
    phase ^= 1;
    end += w.k_steps();
  }
  if (w.split > 1 && first) cluster_wait();
}

template <GroupedShape S>
__device__ __forceinline__ void init_barriers(const Layout<S>& at, int split) {
  constexpr SwapShape kSwap = S.swap;
  for (int i = 0; i < kSwap.stages; ++i) {
    mbarrier_init(at.full + i * 8, 1 + S.gatherers);  // the request for weights, gathering warps
    mbarrier_init(at.empty + i * 8, kSwap.block_n / 16);
  }
  for (int i = 0; i < kSwap.block_n / 16; ++i) {
    mbarrier_init(at.received + i * 8, split > 1 ? 1 : max(kSwap.groups - 1, 1));
    mbarrier_init(released<S>(at, i), 1);
  }
  mbarrier_init_fence();
}

template <GroupedShape S, class Scaling>
__device__ __forceinline__ void run(const Sm90Params& p) {
  static_assert(S.lag() > 0 && S.shared_bytes(kSwapMaxSplit) <= 232448);
  extern __shared__ uint8_t shared[];
  const Layout<S> at(uniform(shared_address(shared)), p.split);
  const Work w(p);
  constexpr int kConsumers = S.swap.warpgroups() * 128;
  const int producer_warp = static_cast<int>(uniform(threadIdx.x / 32)) - kConsumers / 32;
  const int producer = static_cast<int>(threadIdx.x) - kConsumers;  // negative: a consumer
  const auto fetch = [&] {
    if (producer_warp == 1) {
      fetch_list<S.swap.block_m>(p.slots, static_cast<int>(blockIdx.x) / p.split);
    }
  };
  if (!p.dependent) dependency_release();
  if (!p.dependent || p.early_list) fetch();
  if (producer == 0) {
    tensor_map_prefetch(&p.b);
    init_barriers<S>(at, p.split);
  }
  __syncwarp();
  if (producer_warp == 0) {  // this warp initialised the barriers: no wait
    named_barrier_arrive(gpu::swap::kReadyBarrier, S.threads());
  } else {
    named_barrier_sync(gpu::swap::kReadyBarrier, S.threads());
  }
  if (p.split > 1) cluster_arrive();
  if (p.dependent && (!p.early_list || producer_warp < 0)) {
    dependency_wait();  // the slot list may be that launch's result
    dependency_release();
    if (!p.early_list) fetch();
  }
  if (producer_warp < 0) {
    consume<S, Scaling>(p, at, w);
    return;
  }
  if (producer == 0) request_weights<S>(p, at, w);
  if (producer_warp > 0) gather<S, Scaling>(p, at, w, producer - 32);
  __syncwarp();
  if (p.split > 1) cluster_wait();
}

}  // namespace octet::ops::gemm_grouped::swap
