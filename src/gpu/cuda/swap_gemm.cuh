// GEMM for few tokens on sm_90: weights fill the 64 rows of the tensor instruction, tokens its
// columns. Reads weights at the speed of memory. Ops differ in their scales (`Scaling`).
//
// Layout     a (m,k), b (n,k) e4m3 row-major; d bf16, f16 or f32
// Grid       blocks of n times `split` blocks of a cluster, each with its part of k
// Pipeline   a ring in shared memory; one thread requests tiles (TMA), one warp scales (cp.async);
//            groups of consumer warpgroups take turns along k, two stages of products in flight
// Numerics   f32; products are scaled and added outside the tensor core; partial sums of groups
//            and blocks are added in a fixed order
// Source     swapped operands: DeepGEMM and TensorRT-LLM; measurements of this design:
//            docs/kernels/gemm_blockscale.md
//
// A Scaling says
//   Params                what the host passes: GemmParams and the scales
//   kProducts             of a stage, that have scales of their own: 1 of 128 of k, or 4 of 32
//   Source<S>(params, row, lane).request(scales, k)   copies the scales of weights from `row` on,
//   of
//                         stage k, to shared memory, by words
//   add<S>(sum, products, scales, seat)        sum += products * their scales
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/transposed_store.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/gpu/gemm_params.h"
#include "src/gpu/swap_shape.h"

namespace octet::gpu::swap {

constexpr int kReadyBarrier = 1;      // named barriers: mbarriers are initialised,
constexpr int kConsumersBarrier = 2;  // all consumers are past a tile

/// Where everything lies in shared memory (32-bit shared addresses).
template <SwapShape S>
struct Layout {
  uint32_t weights, tokens, scales, partials, full, empty, received;

  __device__ __forceinline__ Layout(uint32_t base, int split) {
    weights = (base + 1023) & ~1023u;
    tokens = weights + S.stages * S.weight_bytes();
    scales = tokens + S.stages * S.token_bytes();
    partials = scales + S.stages * S.scale_bytes();
    full = partials + S.partial_bytes(split);
    empty = full + S.stages * 8;
    received = empty + S.stages * 8;
  }
};

/// The tiles of n and blocks of k that this thread block works on.
struct Work {
  int rank, split;           // in the cluster
  int tile_begin, tile_end;  // blocks of n
  int k_begin, k_end;        // blocks of 128 of k
  int steps;                 // of the ring, all tiles together

  __device__ __forceinline__ int k_steps() const { return k_end - k_begin; }
};

template <SwapShape S>
__device__ __forceinline__ Work work_of(const GemmParams& p) {
  Work w;
  w.split = p.split;
  w.rank = p.split > 1 ? blockIdx.x % p.split : 0;
  const int cluster = p.split > 1 ? blockIdx.x / p.split : blockIdx.x;
  const int clusters = gridDim.x / p.split;
  const int tiles = (p.n + S.block_n - 1) / S.block_n;
  w.tile_begin = static_cast<int>(static_cast<int64_t>(tiles) * cluster / clusters);
  w.tile_end = static_cast<int>(static_cast<int64_t>(tiles) * (cluster + 1) / clusters);
  w.k_begin = p.k_blocks * w.rank / p.split;
  w.k_end = p.k_blocks * (w.rank + 1) / p.split;
  w.steps = (w.tile_end - w.tile_begin) * w.k_steps();
  return w;
}

/// Position in the ring.
template <SwapShape S>
struct Slot {
  int stage = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ void advance(int by) {
    stage += by;
    if (stage >= S.stages) {
      stage -= S.stages;
      phase ^= 1;
    }
  }
};

/// One thread: requests the tiles of weights and tokens, stage by stage.
template <SwapShape S>
__device__ __forceinline__ void request_tiles(const GemmParams& p, const Layout<S>& at,
                                              const Work& w) {
  int weight_tile = w.tile_begin, weight_k = w.k_begin, token_k = w.k_begin;
  const auto request_weights = [&](int stage) {
    const uint32_t full = at.full + stage * 8;
    mbarrier_arrive_expect(full, S.weight_bytes() + S.token_bytes());
    tensor_load(at.weights + stage * S.weight_bytes(), &p.b, weight_k * 128,
                weight_tile * S.block_n, full, kEvictFirst);
    if (++weight_k == w.k_end) {
      weight_k = w.k_begin;
      ++weight_tile;
    }
  };
  const auto request_tokens = [&](int stage) {
    tensor_load(at.tokens + stage * S.token_bytes(), &p.a, token_k * 128, 0, at.full + stage * 8,
                kEvictLast);
    if (++token_k == w.k_end) token_k = w.k_begin;
  };
  const int first = min(w.steps, S.stages);
  if (p.dependent) {  // weights do not depend on the launch before this one
#pragma unroll 1
    for (int i = 0; i < first; ++i) request_weights(i);
    dependency_wait();
#pragma unroll 1
    for (int i = 0; i < first; ++i) request_tokens(i);
  } else {
    // Why interleaved: behind a whole ring of weights the first tokens arrive 1 to 1.6 us later.
#pragma unroll 1
    for (int i = 0; i < first; ++i) {
      request_weights(i);
      request_tokens(i);
    }
  }
  Slot<S> slot;
#pragma unroll 1
  for (int i = S.stages; i < w.steps; ++i) {
    mbarrier_wait(at.empty + slot.stage * 8, slot.phase);
    request_weights(slot.stage);
    request_tokens(slot.stage);
    slot.advance(1);
  }
}

/// One warp: the scales of every stage, by words, so that any strides serve.
template <SwapShape S, class Scaling>
__device__ __forceinline__ void request_scales(const typename Scaling::Params& p,
                                               const Layout<S>& at, const Work& w, int lane) {
  if (p.dependent) dependency_wait();
  Slot<S> slot;
  int step = 0;
#pragma unroll 1
  for (int tile = w.tile_begin; tile < w.tile_end; ++tile) {
    const typename Scaling::template Source<S> source(p, tile * S.block_n, lane);
#pragma unroll 1
    for (int k = w.k_begin; k < w.k_end; ++k, ++step) {
      if (step >= S.stages) mbarrier_wait(at.empty + slot.stage * 8, slot.phase ^ 1);
      source.request(at.scales + slot.stage * S.scale_bytes(), k);
      copy_word_arrive(at.full + slot.stage * 8);
      slot.advance(1);
    }
  }
}

/// A consumer thread's place.
struct Seat {
  int group;      // takes steps group, group + groups, ...
  int warpgroup;  // rows of weights 64 * warpgroup ...
  int warp, lane;
};

template <SwapShape S, class Scaling>
using Products = float[Scaling::kProducts][S.accumulators()];

template <SwapShape S, class Scaling>
__device__ __forceinline__ void start_products(Products<S, Scaling>& products, const Layout<S>& at,
                                               int stage, const Seat& seat) {
  constexpr int kEach = 4 / Scaling::kProducts;  // instructions of 32 of k that add up
  const uint32_t a = wgmma_descriptor_low(at.weights) + stage * (S.weight_bytes() / 16) +
                     seat.warpgroup * (8192 / 16);
  const uint32_t b = wgmma_descriptor_low(at.tokens) + stage * (S.token_bytes() / 16);
#pragma unroll
  for (auto& product : products) wgmma_pin(product);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    Wgmma<S.block_m>::run(products[i / kEach], wgmma_descriptor_of(a + 2 * i),
                          wgmma_descriptor_of(b + 2 * i), i % kEach > 0);
  }
  wgmma_commit();
}

/// sum += products * scales; then the stage is free.
template <SwapShape S, class Scaling>
__device__ __forceinline__ void promote(float (&sum)[S.accumulators()],
                                        Products<S, Scaling>& products, const Layout<S>& at,
                                        int stage, const Seat& seat) {
#pragma unroll
  for (auto& product : products) wgmma_pin(product);
  Scaling::template add<S>(sum, products, at.scales + stage * S.scale_bytes(), seat);
  __syncwarp();
  if (seat.lane == 0) mbarrier_arrive(at.empty + stage * 8);
}

/// The steps of one tile that are this group's. `step` is the group's next step of all, `end` the
/// first after the tile.
template <SwapShape S, class Scaling>
__device__ __forceinline__ void accumulate(float (&sum)[S.accumulators()], const Layout<S>& at,
                                           Slot<S>& slot, int& step, int end, const Seat& seat) {
  Products<S, Scaling> first;
  if constexpr (S.flight == 2) {
    Products<S, Scaling> second;
#pragma unroll 1
    while (step + S.groups < end) {
      const int stage = uniform(slot.stage);
      mbarrier_wait(at.full + stage * 8, slot.phase);
      start_products<S, Scaling>(first, at, stage, seat);
      slot.advance(S.groups);
      const int stage2 = uniform(slot.stage);
      mbarrier_wait(at.full + stage2 * 8, slot.phase);
      start_products<S, Scaling>(second, at, stage2, seat);
      wgmma_wait<1>();
      promote<S, Scaling>(sum, first, at, stage, seat);
      wgmma_wait<0>();
      promote<S, Scaling>(sum, second, at, stage2, seat);
      slot.advance(S.groups);
      step += 2 * S.groups;
    }
  }
#pragma unroll 1
  for (; step < end; step += S.groups) {
    const int stage = uniform(slot.stage);
    mbarrier_wait(at.full + stage * 8, slot.phase);
    start_products<S, Scaling>(first, at, stage, seat);
    wgmma_wait<0>();
    promote<S, Scaling>(sum, first, at, stage, seat);
    slot.advance(S.groups);
  }
}

/// Adds the sums of all groups of all blocks of the cluster in the first; true there.
/// Partials lie in fragment order: 16 bytes a thread, so that no bank is asked twice.
template <SwapShape S>
__device__ __forceinline__ bool combine(float (&sum)[S.accumulators()], const Layout<S>& at,
                                        int rank, int split, const Seat& seat, uint32_t phase) {
  constexpr int kQuads = S.accumulators() / 4, kThreads = S.block_n * 2;
  const int sources = split * S.groups, source = rank * S.groups + seat.group;
  if (sources == 1) return true;
  const int thread = seat.warpgroup * 128 + seat.warp * 32 + seat.lane;
  const uint32_t received = at.received + (seat.warpgroup * 4 + seat.warp) * 8;
  if (source > 0) {
    const uint32_t to = at.partials + ((source - 1) * kQuads * kThreads + thread) * 16;
    if (split > 1) {
      const uint32_t remote = remote_address(to, 0), barrier = remote_address(received, 0);
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        store_async(remote + i * kThreads * 16, sum[4 * i], sum[4 * i + 1], sum[4 * i + 2],
                    sum[4 * i + 3], barrier);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kQuads; ++i) {
        shared_store(to + i * kThreads * 16, __float_as_uint(sum[4 * i]),
                     __float_as_uint(sum[4 * i + 1]), __float_as_uint(sum[4 * i + 2]),
                     __float_as_uint(sum[4 * i + 3]));
      }
      __syncwarp();
      if (seat.lane == 0) mbarrier_arrive(received);
    }
    return false;
  }
  if (split > 1 && seat.lane == 0) mbarrier_arrive_expect(received, (sources - 1) * kQuads * 512);
  __syncwarp();
  mbarrier_wait(received, phase);
#pragma unroll 1
  for (int i = 0; i < sources - 1; ++i) {
    const uint32_t from = at.partials + (i * kQuads * kThreads + thread) * 16;
#pragma unroll
    for (int q = 0; q < kQuads; ++q) {
      const float4 part = shared_load_floats(from + q * kThreads * 16);
      sum[4 * q] += part.x;
      sum[4 * q + 1] += part.y;
      sum[4 * q + 2] += part.z;
      sum[4 * q + 3] += part.w;
    }
  }
  return true;
}

template <SwapShape S, class Scaling>
__device__ __forceinline__ void consume(const GemmParams& p, const Layout<S>& at, const Work& w) {
  constexpr int kConsumers = S.warpgroups() * 128;
  const int warpgroup = static_cast<int>(uniform(threadIdx.x / 128));
  const Seat seat{warpgroup / (S.block_n / 64), warpgroup % (S.block_n / 64),
                  static_cast<int>(threadIdx.x / 32 % 4), static_cast<int>(threadIdx.x % 32)};
  float sum[S.accumulators()];
#pragma unroll
  for (float& x : sum) x = 0;
  Slot<S> slot;
  slot.advance(seat.group);
  int step = seat.group;
  uint32_t phase = 0;
  for (int tile = w.tile_begin, end = w.k_steps(); tile < w.tile_end; ++tile, end += w.k_steps()) {
    accumulate<S, Scaling>(sum, at, slot, step, end, seat);
    // Why only now: the cluster's barriers are ready long before the first tile is summed.
    if (w.split > 1 && tile == w.tile_begin) cluster_wait();
    if (combine<S>(sum, at, w.rank, w.split, seat, phase)) {
      store_transposed<S.block_m / 8>(p, tile * S.block_n + seat.warpgroup * 64 + seat.warp * 16, 0,
                                      sum);
    }
    phase ^= 1;
#pragma unroll
    for (float& x : sum) x = 0;
    if (S.groups > 1 && tile + 1 < w.tile_end) named_barrier_sync(kConsumersBarrier, kConsumers);
  }
}

template <SwapShape S>
__device__ __forceinline__ void init_barriers(const Layout<S>& at, int split) {
  for (int i = 0; i < S.stages; ++i) {
    mbarrier_init(at.full + i * 8, 1 + 32);  // the tiles' request, and each lane's scales
    mbarrier_init(at.empty + i * 8, S.block_n / 16);
  }
  for (int i = 0; i < S.block_n / 16; ++i) {
    mbarrier_init(at.received + i * 8, split > 1 ? 1 : max(S.groups - 1, 1));
  }
  mbarrier_init_fence();
}

template <SwapShape S, class Scaling>
__device__ __forceinline__ void run(const typename Scaling::Params& p) {
  extern __shared__ uint8_t shared[];
  const Layout<S> at(uniform(shared_address(shared)), p.split);
  const Work w = work_of<S>(p);
  constexpr int kConsumers = S.warpgroups() * 128;
  // Negative: a consumer's warp. Known to be uniform: addresses in loops then cost little.
  const int warp = static_cast<int>(uniform(threadIdx.x / 32)) - kConsumers / 32;
  const int producer = static_cast<int>(threadIdx.x) - kConsumers;
  dependency_release();
  if (producer == 0) {
    tensor_map_prefetch(&p.b);
    tensor_map_prefetch(&p.a);
    init_barriers<S>(at, p.split);
  }
  __syncwarp();
  if (warp == 0) {  // the tiles' warp initialised the barriers: no wait
    named_barrier_arrive(kReadyBarrier, S.threads());
  } else {
    named_barrier_sync(kReadyBarrier, S.threads());
  }
  if (p.split > 1) cluster_arrive();
  if (warp < 0) {
    if (p.dependent) dependency_wait();  // results may overwrite what that launch reads
    consume<S, Scaling>(p, at, w);
    return;
  }
  if (producer == 0) request_tiles<S>(p, at, w);
  if (warp > 0) request_scales<S, Scaling>(p, at, w, producer - 32);
  __syncwarp();
  if (p.split > 1) cluster_wait();
}

}  // namespace octet::gpu::swap
