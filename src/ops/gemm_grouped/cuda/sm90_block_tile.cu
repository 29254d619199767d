// Block-scaled grouped GEMM for many tokens an expert on sm90: slots are the rows of the tensor
// instruction, two warpgroups of 64 each.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   tile_ring.cuh; a stage's products are summed by the tensor core from zero, then added
//            with their scales to float32 registers, 128 of n at a time. The warpgroups take turns
//            at the tensor core
// Padding    a warpgroup whose 64 slots are all padding multiplies nothing
// Numerics   f32 accumulation, scaled every 128 of k (docs/numerics.md)
#include "src/gpu/cuda/wgmma.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile_shape.h"
#include "src/ops/gemm_grouped/cuda/tile_store.cuh"

namespace octet::ops::gemm_grouped {
namespace {

using namespace tile;

/// Floats of a stage: of each slot, and of each 128 of n.
struct BlockScales {
  static constexpr bool kBringsWeights = false;
  template <TileShape S>
  struct OfWeights {
    __device__ __forceinline__ OfWeights(const Sm90Params&, int, int, int) {}
  };

  /// One warp: the scales of the tile's slots, and of its one or two times 128 of n.
  template <TileShape S>
  static __device__ __forceinline__ void bring_slots(const Sm90Params& p, Shared<S> shared,
                                                     int lane) {
    const int n_blocks = (p.n + 127) / 128;
    Cursor<S> at;
    TileSignal<S> signal(shared.full(0));
#pragma unroll 1
    for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
      const float* rows[S.kSlots / 32];
#pragma unroll
      for (int i = 0; i < S.kSlots / 32; ++i) {
        const int row = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + lane + 32 * i]);
        rows[i] =
            static_cast<const float*>(p.a_scale) + token_row(p.slots, max(row, 0)) * p.a_scale_row;
      }
      const int n_block = min(tile.column() * S.waves + lane, n_blocks - 1);
      const float* b = static_cast<const float*>(p.b_scale) + tile.expert() * p.b_scale_expert +
                       n_block * p.b_scale_row;
#pragma unroll 1
      for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
        mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
        const uint32_t to = shared.scales(at.stage) + lane * 4;
#pragma unroll
        for (int i = 0; i < S.kSlots / 32; ++i) copy_word(to + i * 128, rows[i] + k, true);
        if (lane < S.waves) copy_word(to + S.kSlots * 4, b + k, true);
        signal.requested();
      }
    }
    signal.finish();
  }
};

/// The warpgroups take turns: named barriers 2 and 3 are the turns of the first and the second.
__device__ __forceinline__ void take_turn() { named_barrier_sync(2 + threadIdx.x / 128, 256); }
__device__ __forceinline__ void pass_turn() { named_barrier_arrive(3 - threadIdx.x / 128, 256); }

__device__ __forceinline__ void multiply(Sums& partial, uint32_t tokens, uint32_t weights) {
  const uint64_t a = wgmma_descriptor(tokens), b = wgmma_descriptor(weights);
  wgmma_pin(partial);
  take_turn();
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) Wgmma<128>::run(partial, a + 2 * i, b + 2 * i, i > 0);
  wgmma_commit();
  pass_turn();
}

/// sums += partial * scales of the thread's rows, or = where kFirst.
template <bool kFirst>
__device__ __forceinline__ void promote(Sums& sums, const Sums& partial, float upper, float lower) {
#pragma unroll
  for (int i = 0; i < 64; i += 4) {
    sums[i] = kFirst ? partial[i] * upper : sums[i] + partial[i] * upper;
    sums[i + 1] = kFirst ? partial[i + 1] * upper : sums[i + 1] + partial[i + 1] * upper;
    sums[i + 2] = kFirst ? partial[i + 2] * lower : sums[i + 2] + partial[i + 2] * lower;
    sums[i + 3] = kFirst ? partial[i + 3] * lower : sums[i + 3] + partial[i + 3] * lower;
  }
}

template <TileShape S, bool kFirst>
__device__ __forceinline__ void consume_stage(Shared<S> shared, Cursor<S>& at,
                                              Sums (&sums)[S.waves]) {
  const uint32_t tokens = shared.tokens(at.stage) + threadIdx.x / 128 * 8192;
  const uint32_t weights = shared.weights(at.stage);
  mbarrier_wait(shared.full(at.stage), at.phase);
  Sums partial;
  multiply(partial, tokens, weights);
  const uint32_t scales = shared.scales(at.stage);
  const uint32_t row = scales + (threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4) * 4;
  const float upper = shared_load(row), lower = shared_load(row + 32);
  float column[S.waves];
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
    column[wave] = shared_load(scales + (S.kSlots + wave) * 4);
  }
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
    if (wave > 0) multiply(partial, tokens, weights + wave * 16384);
    wgmma_wait<0>();
    wgmma_pin(partial);
    if (wave + 1 == S.waves) release(shared, at.stage);
    promote<kFirst>(sums[wave], partial, upper * column[wave], lower * column[wave]);
  }
  at.advance();
}

/// A stage of which this warpgroup has only padding.
template <TileShape S>
__device__ __forceinline__ void pass_stage(Shared<S> shared, Cursor<S>& at) {
  mbarrier_wait(shared.full(at.stage), at.phase);
#pragma unroll
  for (int wave = 0; wave < S.waves; ++wave) {
    take_turn();
    pass_turn();
  }
  release(shared, at.stage);
  at.advance();
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  Cursor<S> at;
  const int group = threadIdx.x / 128;
  if (group == 1) pass_turn();  // the first has the first one
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done();) {
    const int slot = tile.slot(), n0 = tile.column() * S.block_n();
    const bool real = slot_row(p.slots, p.slots.sorted_ids[slot + group * 64]) >= 0;
    tile.advance();
    if (real) {
      Sums sums[S.waves];
      consume_stage<S, true>(shared, at, sums);
#pragma unroll 1
      for (int k = 1; k < p.k_blocks; ++k) consume_stage<S, false>(shared, at, sums);
      store_tile<S>(p, shared, WarpRows(p.slots, slot + threadIdx.x / 32 * 16), sums, n0);
    } else {
#pragma unroll 1
      for (int k = 0; k < p.k_blocks; ++k) pass_stage<S>(shared, at);
    }
  }
  if (group == 0) take_turn();  // passed by the last
}

}  // namespace

#define OCTET_KERNEL(WAVES, STAGES)                                                          \
  extern "C" __global__ void __launch_bounds__(TileShape::kThreads, 1)                       \
      octet_sm90_moe_block_tile_w##WAVES##_s##STAGES(const __grid_constant__ Sm90Params p) { \
    constexpr TileShape kShape = block_tile_shape(WAVES, STAGES);                            \
    run<kShape, BlockScales>(p, [&](Shared<kShape> shared) { consume(p, shared); });         \
  }
OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
