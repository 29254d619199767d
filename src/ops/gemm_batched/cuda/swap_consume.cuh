// Consumers of gemm_batched's kernels whose operands both lie in shared memory: weights are the
// rows of the tensor instruction, tokens its columns.
//
// Numerics   bf16 and i8 are summed by the tensor core over all of k (i8 exactly); it sums e4m3
//            with about 14 bits, so those sums are kept outside, 128 of k at a time, and multiplied
//            by the token's scale of those 128 where it has one
#pragma once

#include "src/gpu/cuda/wgmma_shared.cuh"
#include "src/ops/gemm_batched/cuda/finish.cuh"
#include "src/ops/gemm_batched/cuda/ring.cuh"

namespace octet::ops::gemm_batched {

__host__ __device__ constexpr Element element_of(Method method) {
  return method == Method::kBf16 ? Element::kBf16 : method == Method::kI8 ? Element::kI8
                                                                          : Element::kE4m3;
}

template <Method kMethod>
struct SumOf {
  using Type = float;
};
template <>
struct SumOf<Method::kI8> {
  using Type = int32_t;
};
template <TileShape S>
using Sums = typename SumOf<S.method>::Type[S.sums()];  // of 64 rows of weights

/// Where a warpgroup reads its first 64 rows of weights, and the tokens: low words of descriptors
/// of stage 0.
template <TileShape S>
struct Source {
  uint32_t weights, tokens;

  __device__ __forceinline__ explicit Source(Shared<S> shared) {
    const uint32_t group = uniform(threadIdx.x / 128);
    weights = uniform(wgmma_descriptor_low(shared.weights(0))) + group * (64 * 128 / 16);
    tokens = uniform(wgmma_descriptor_low(shared.tokens(0)));
  }
  /// Starts the products of a stage.
  template <class Products>
  __device__ __forceinline__ void multiply(Products& products, int stage, int wave,
                                           bool from_zero) const {
    const uint32_t a =
        weights + stage * (S.weight_bytes() / 16) + wave * (S.consumers() * 64 * 128 / 16);
    const uint32_t b = tokens + stage * (S.token_bytes() / 16);
    wgmma_pin(products);
    wgmma_fence();
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      WgmmaShared<element_of(S.method), S.block_m>::run(products, wgmma_descriptor_of(a + 2 * i),
                                                        wgmma_descriptor_of(b + 2 * i),
                                                        !from_zero || i > 0);
    }
    wgmma_commit();
  }
};

/// Gives a stage back, once per warp: ordinary reads end by warp, not by warpgroup.
__device__ __forceinline__ void release(uint32_t empty) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) mbarrier_arrive(empty);
}

/// sums += products, times the scales of the stage's tokens where they have some.
template <TileShape S>
__device__ __forceinline__ void promote(Sums<S>& sums, const Sums<S>& products, uint32_t scales) {
#pragma unroll
  for (int j = 0; j < S.sums() / 4; ++j) {
    float2 pair{1, 1};
    if constexpr (S.method == Method::kE4m3Groups) {
      pair = shared_load_pair(scales + threadIdx.x % 4 * 8 + j * 32);
    }
#pragma unroll
    for (int i = 4 * j; i < 4 * j + 4; ++i) {
      sums[i] = fmaf(products[i], i % 2 == 0 ? pair.x : pair.y, sums[i]);
    }
  }
}

/// Takes kUnits stages of the ring, all in flight at once; sums are kept outside the tensor core.
template <TileShape S, int kUnits>
__device__ __forceinline__ void promote_stages(Shared<S> shared, const Source<S>& source,
                                               Cursor<S>& at, Sums<S> (&sums)[S.waves()]) {
  static_assert(kUnits == 1 || S.waves() == 1);
  constexpr bool kScaled = S.method == Method::kE4m3Groups;  // a stage is read until the end
  Sums<S> products[kUnits];
  int stage[kUnits];
#pragma unroll
  for (int unit = 0; unit < kUnits; ++unit, at.advance()) {
    stage[unit] = static_cast<int>(uniform(at.stage));
    mbarrier_wait(shared.full(stage[unit]), at.phase);
    source.multiply(products[unit], stage[unit], 0, true);
  }
#pragma unroll
  for (int unit = 0; unit < kUnits; ++unit) {
#pragma unroll
    for (int wave = 0; wave < S.waves(); ++wave) {
      if (wave > 0) source.multiply(products[0], stage[0], wave, true);
      if (unit + 1 < kUnits) {
        wgmma_wait<1>();
      } else {
        wgmma_wait<0>();
      }
      wgmma_take(products[unit]);
      if (!kScaled && wave + 1 == S.waves()) release(shared.empty(stage[unit]));
      promote<S>(sums[wave], products[unit], shared.scales(stage[unit]));
      if (kScaled && wave + 1 == S.waves()) release(shared.empty(stage[unit]));
    }
  }
}

/// All steps of a tile, sums outside the tensor core.
template <TileShape S>
__device__ __forceinline__ void accumulate_outside(Shared<S> shared, const Source<S>& source,
                                                   Cursor<S>& at, int steps,
                                                   Sums<S> (&sums)[S.waves()]) {
  int k = 0;
  if constexpr (S.waves() == 1) {
#pragma unroll 1
    for (; k + 2 <= steps; k += 2) promote_stages<S, 2>(shared, source, at, sums);
    if (k < steps) promote_stages<S, 1>(shared, source, at, sums);
  } else {
    constexpr int kUnroll = S.method == Method::kE4m3Groups ? 1 : 8;
#pragma unroll kUnroll
    for (; k < steps; ++k) promote_stages<S, 1>(shared, source, at, sums);
  }
}

/// All steps of a tile, sums in the tensor core; a stage is given back when the next one's products
/// are under way.
template <TileShape S>
__device__ __forceinline__ void accumulate_inside(Shared<S> shared, const Source<S>& source,
                                                  Cursor<S>& at, int steps,
                                                  Sums<S> (&sums)[S.waves()]) {
  int before = 0;
#pragma unroll 1
  for (int k = 0; k < steps; ++k, at.advance()) {
    const int stage = static_cast<int>(uniform(at.stage));
    mbarrier_wait(shared.full(stage), at.phase);
#pragma unroll
    for (int wave = 0; wave < S.waves(); ++wave) {
      source.multiply(sums[wave], stage, wave, false);
    }
    wgmma_wait<S.waves()>();
    if (k > 0 && threadIdx.x % 32 == 0) mbarrier_arrive(shared.empty(before));
    before = stage;
  }
  wgmma_wait<0>();
#pragma unroll
  for (auto& wave : sums) wgmma_take(wave);
  release(shared.empty(before));
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  constexpr bool kOutside = S.method == Method::kE4m3 || S.method == Method::kE4m3Groups;
  const Source<S> source(shared);
  const int row0 = static_cast<int>(uniform(threadIdx.x / 32)) * 16;
  Cursor<S> at;
#pragma unroll 1
  for (Work<S> work; !work.done(p); work.advance()) {
    const auto place = work.place(p);
    const Seat seat{place.batch, place.m0, place.n0 + row0};
    Finish<S.sums()> first(p, seat);
    Sums<S> sums[S.waves()];
#pragma unroll
    for (auto& wave : sums) {
#pragma unroll
      for (auto& sum : wave) sum = 0;
    }
    if constexpr (kOutside) {
      accumulate_outside<S>(shared, source, at, work.steps(p), sums);
    } else {
      accumulate_inside<S>(shared, source, at, work.steps(p), sums);
    }
    first.store(p, seat, 1, sums[0]);
    if constexpr (S.waves() == 2) {
      const Seat next{seat.batch, seat.m0, seat.n0 + S.consumers() * 64};
      Finish<S.sums()>(p, next).store(p, next, 1, sums[1]);
    }
  }
}

}  // namespace octet::ops::gemm_batched
