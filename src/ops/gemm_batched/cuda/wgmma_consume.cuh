// Consumers of gemm_batched's kernels whose operands both lie in shared memory: few tokens are the
// columns of the tensor instruction and weights its rows, many the other way round.
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

/// Where a warpgroup reads its first 64 rows, and the columns: low words of descriptors of stage 0.
template <TileShape S>
struct Source {
  static constexpr int kLeftBytes = S.swapped() ? S.weight_bytes() : S.token_bytes();
  static constexpr int kRightBytes = S.swapped() ? S.token_bytes() : S.weight_bytes();
  uint32_t left, right;

  __device__ __forceinline__ explicit Source(Shared<S> shared) {
    const uint32_t group = uniform(threadIdx.x / 128);
    const uint32_t weights = wgmma_descriptor_low(shared.weights(0));
    const uint32_t tokens = wgmma_descriptor_low(shared.tokens(0));
    left = uniform(S.swapped() ? weights : tokens) + group * (64 * 128 / 16);
    right = uniform(S.swapped() ? tokens : weights);
  }
  /// Starts the products of a stage.
  template <class Products>
  __device__ __forceinline__ void multiply(Products& products, int stage, int wave,
                                           bool from_zero) const {
    const uint32_t a = left + stage * (kLeftBytes / 16) + wave * (S.consumers() * 64 * 128 / 16);
    const uint32_t b = right + stage * (kRightBytes / 16);
    wgmma_pin(products);
    wgmma_fence();
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      WgmmaShared<element_of(S.method), S.right()>::run(products, wgmma_descriptor_of(a + 2 * i),
                                                        wgmma_descriptor_of(b + 2 * i),
                                                        !from_zero || i > 0);
    }
    wgmma_commit();
  }
};

/// The scales of a thread's two rows of each wave in a stage, where tokens are rows and have some.
template <TileShape S>
struct RowScales {
  static constexpr bool kUsed = S.method == Method::kE4m3Groups && !S.swapped();
  float row[S.waves()][2];

  __device__ __forceinline__ void read(uint32_t scales) {
    if constexpr (!kUsed) return;
    const uint32_t first = scales + (threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4) * 4;
#pragma unroll
    for (int wave = 0; wave < S.waves(); ++wave) {
      row[wave][0] = shared_load(first + wave * S.consumers() * 256);
      row[wave][1] = shared_load(first + wave * S.consumers() * 256 + 32);
    }
  }
};

/// sums += products, times the scales of the stage's tokens where they have some.
template <TileShape S>
__device__ __forceinline__ void promote(Sums<S>& sums, const Sums<S>& products, uint32_t scales,
                                        const float (&row)[2]) {
#pragma unroll
  for (int j = 0; j < S.sums() / 4; ++j) {
    float2 pair{1, 1};
    if constexpr (S.method == Method::kE4m3Groups && S.swapped()) {
      pair = shared_load_pair(scales + threadIdx.x % 4 * 8 + j * 32);
    }
#pragma unroll
    for (int i = 4 * j; i < 4 * j + 4; ++i) {
      const float column = i % 2 == 0 ? pair.x : pair.y;
      sums[i] = fmaf(products[i], RowScales<S>::kUsed ? row[i / 2 % 2] : column, sums[i]);
    }
  }
}

/// Takes kUnits stages of the ring, all in flight at once; sums are kept outside the tensor core.
template <TileShape S, int kUnits>
__device__ __forceinline__ void promote_stages(Shared<S> shared, const Source<S>& source,
                                               Cursor<S>& at, Sums<S> (&sums)[S.waves()]) {
  static_assert(kUnits == 1 || S.waves() == 1);
  // A stage is read until the end where columns have scales.
  constexpr bool kScaled = S.method == Method::kE4m3Groups && S.swapped();
  Sums<S> products[kUnits];
  RowScales<S> scales[kUnits];
  int stage[kUnits];
#pragma unroll
  for (int unit = 0; unit < kUnits; ++unit, at.advance()) {
    stage[unit] = static_cast<int>(uniform(at.stage));
    mbarrier_wait(shared.full(stage[unit]), at.phase);
    // Why before the products: read behind them, scales stand in the way of every product.
    scales[unit].read(shared.scales(stage[unit]));
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
      promote<S>(sums[wave], products[unit], shared.scales(stage[unit]), scales[unit].row[wave]);
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
    constexpr int kUnroll = S.method == Method::kE4m3Groups && S.swapped() ? 1 : 8;
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
__device__ __forceinline__ void accumulate(Shared<S> shared, const Source<S>& source, Cursor<S>& at,
                                           int steps, Sums<S> (&sums)[S.waves()]) {
#pragma unroll
  for (auto& wave : sums) {
#pragma unroll
    for (auto& sum : wave) sum = 0;
  }
  if constexpr (S.method == Method::kE4m3 || S.method == Method::kE4m3Groups) {
    accumulate_outside<S>(shared, source, at, steps, sums);
  } else {
    accumulate_inside<S>(shared, source, at, steps, sums);
  }
}

/// Weights are the rows.
template <TileShape S>
__device__ __forceinline__ void consume_swapped(const Sm90Params& p, Shared<S> shared) {
  const Source<S> source(shared);
  const int row0 = static_cast<int>(uniform(threadIdx.x / 32)) * 16;
  Cursor<S> at;
#pragma unroll 1
  for (Work<S> work; !work.done(p); work.advance()) {
    const auto place = work.place(p);
    const Seat seat{place.batch, place.m0, place.n0 + row0};
    Finish<S.sums(), true> first(p, seat);
    Sums<S> sums[S.waves()];
    accumulate<S>(shared, source, at, work.steps(p), sums);
    first.store(p, seat, 1, sums[0]);
    if constexpr (S.waves() == 2) {
      const Seat next{seat.batch, seat.m0, seat.n0 + S.consumers() * 64};
      Finish<S.sums(), true>(p, next).store(p, next, 1, sums[1]);
    }
  }
}

/// A warp's 16 tokens, 64 columns at a time. All that is read for them is asked for at once.
template <TileShape S>
__device__ __forceinline__ void store_wave(const Sm90Params& p, const Seat& seat, uint32_t staging,
                                           int wave, const Sums<S>& sums) {
  using Sum = typename SumOf<S.method>::Type;
  constexpr int kBoxes = S.right() / 64;
  const bool plain = is_plain(p);
  RowPair rows;
  LanePair scales[kBoxes], bias[kBoxes];
  if (!plain) {
    rows.read(p, seat);
#pragma unroll
    for (int box = 0; box < kBoxes; ++box) {
      scales[box].read_scales(p.b_scale, seat.batch, seat.n0 + box * 64, p.n);
      bias[box].read_bias(p, seat.batch, seat.n0 + box * 64);
    }
  }
#pragma unroll
  for (int box = 0; box < kBoxes; ++box) {
    const auto& own = reinterpret_cast<const Sum(&)[32]>(sums[box * 32]);
    float results[32];
    if (plain) {
#pragma unroll
      for (int i = 0; i < 32; ++i) results[i] = static_cast<float>(own[i]);
    } else {
      scale_rows(rows, scales[box], bias[box], own, results);
    }
    store_rows<S.boxes()>(p, {seat.batch, seat.m0, seat.n0 + box * 64}, staging,
                          wave * kBoxes + box, results);
  }
}

/// Tokens are the rows: results lie as in d.
template <TileShape S>
__device__ __forceinline__ void consume_rows(const Sm90Params& p, Shared<S> shared) {
  const Source<S> source(shared);
  const int warp = static_cast<int>(uniform(threadIdx.x / 32));
  Cursor<S> at;
#pragma unroll 1
  for (Work<S> work; !work.done(p); work.advance()) {
    Sums<S> sums[S.waves()];
    accumulate<S>(shared, source, at, work.steps(p), sums);
    const auto place = work.place(p);
#pragma unroll
    for (int wave = 0; wave < S.waves(); ++wave) {
      store_wave<S>(p, {place.batch, place.m0 + wave * (S.consumers() * 64) + warp * 16, place.n0},
                    shared.boxes(warp / 4), wave, sums[wave]);
    }
  }
  if (threadIdx.x % 128 == 0) tensor_store_wait<0>();
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  if constexpr (S.swapped()) {
    consume_swapped<S>(p, shared);
  } else {
    consume_rows<S>(p, shared);
  }
}

}  // namespace octet::ops::gemm_batched
