// Block-scaled grouped GEMM for many tokens an expert on sm90: slots are the rows of the tensor
// instruction, two warpgroups of 64 each.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   tile_ring.cuh; a stage's products are summed by the tensor core from zero, then added
//            with their scales to float32 registers, 128 of n at a time
// Padding    where a tile's second 64 slots are padding, the warpgroups share the first and halve n
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
  static constexpr int kRegisters = 224;
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
      int d_rows[S.kSlots / 32];
#pragma unroll
      for (int i = 0; i < S.kSlots / 32; ++i) {
        const int row = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + lane + 32 * i]);
        d_rows[i] = row;
        rows[i] =
            static_cast<const float*>(p.a_scale) + token_row(p.slots, max(row, 0)) * p.a_scale_row;
      }
      const int n_block = min(tile.column() * S.waves + lane, n_blocks - 1);
      const float* b = static_cast<const float*>(p.b_scale) + tile.expert() * p.b_scale_expert +
                       n_block * p.b_scale_row;
      const Note note = note_of<S>(tile, d_rows[2]);
#pragma unroll 1
      for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
        mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
        if (lane == 0) leave_note(shared, at.stage, note);
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

/// Starts the products of 64 slots with 128 of n; low words of descriptors.
__device__ __forceinline__ void multiply(Sums& partial, uint32_t tokens, uint32_t weights) {
  wgmma_pin(partial);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    Wgmma<128>::run(partial, wgmma_descriptor_of(tokens + 2 * i),
                    wgmma_descriptor_of(weights + 2 * i), i > 0);
  }
  wgmma_commit();
}

/// sums += partial * scales of the thread's rows.
__device__ __forceinline__ void promote(Sums& sums, const Sums& partial, float upper, float lower) {
#pragma unroll
  for (int i = 0; i < 64; ++i) sums[i] += partial[i] * (i / 2 % 2 == 0 ? upper : lower);
}

/// What a warpgroup multiplies: low words of descriptors of stage 0, its first slot in the tile,
/// and the first of its times 128 of n.
struct Place {
  uint32_t tokens, weights;
  int slot, wave;
};

template <TileShape S, int kWaves>
__device__ __forceinline__ void consume_stage(Shared<S> shared, Cursor<S>& at, const Place& place,
                                              Sums (&sums)[kWaves]) {
  const int stage = at.stage;
  wait_for(shared, at);
  // Why before the products: read behind them, scales cost the dense kernel 10 to 15 % of all time.
  const uint32_t scales = shared.scales(stage);
  const uint32_t row = scales + (place.slot + threadIdx.x % 32 / 4) * 4;
  const float upper = shared_load(row), lower = shared_load(row + 32);
  float column[kWaves];
#pragma unroll
  for (int wave = 0; wave < kWaves; ++wave) {
    column[wave] = shared_load(scales + (S.kSlots + place.wave + wave) * 4);
  }
  Sums partial;
#pragma unroll
  for (int wave = 0; wave < kWaves; ++wave) {
    multiply(partial, place.tokens + stage * (S.kTokenBytes / 16),
             place.weights + stage * (S.weight_bytes() / 16) + wave * (16384 / 16));
    wgmma_wait<0>();
    wgmma_take(partial);
    if (wave + 1 == kWaves) release(shared, stage);
    promote(sums[wave], partial, upper * column[wave], lower * column[wave]);
  }
  at.advance();
}

template <TileShape S, int kWaves>
__device__ __forceinline__ void consume_tile(const Sm90Params& p, Shared<S> shared, Cursor<S>& at,
                                             const Note& note, const Place& place) {
  WarpRows rows(p.slots, note.slot + place.slot);
  Sums sums[kWaves];
#pragma unroll
  for (Sums& wave : sums) {
#pragma unroll
    for (float& sum : wave) sum = 0;
  }
#pragma unroll 8
  for (int k = 0; k < p.k_blocks; ++k) consume_stage<S, kWaves>(shared, at, place, sums);
  rows.resolve(p.slots);
#pragma unroll
  for (int wave = 0; wave < kWaves; ++wave) {
    store_rows<2>(p, shared, rows, note.n0 + (place.wave + wave) * 128, sums[wave]);
  }
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  const int group = static_cast<int>(uniform(threadIdx.x / 128));
  const int slot = threadIdx.x / 32 % 4 * 16;  // of the warp, in its warpgroup's 64
  const uint32_t tokens = uniform(wgmma_descriptor_low(shared.tokens(0)));
  const uint32_t weights = uniform(wgmma_descriptor_low(shared.weights(0)));
  const auto whole = [&](Cursor<S>& at, const Note& note) {
    consume_tile<S, S.waves>(p, shared, at, note,
                             {tokens + group * (8192 / 16), weights, group * 64 + slot, 0});
  };
  const auto halved = [&](Cursor<S>& at, const Note& note) {
    if (S.waves == 2 || group == 0) {
      consume_tile<S, 1>(p, shared, at, note,
                         {tokens, weights + group * (16384 / 16), slot, group});
    } else {
      pass_tile(p, shared, at);
    }
  };
  consume_tiles<S>(p, shared, whole, halved);
}

}  // namespace

#define OCTET_KERNEL(WAVES, STAGES, WAITS)                                           \
  extern "C" __global__ void __launch_bounds__(TileShape::kThreads, 1)               \
      octet_sm90_moe_block_tile_w##WAVES##_s##STAGES##_##WAITS(                      \
          const __grid_constant__ Sm90Params p) {                                    \
    constexpr TileShape kShape = block_tile_shape(WAVES, STAGES, WAITS);             \
    run<kShape, BlockScales>(p, [&](Shared<kShape> shared) { consume(p, shared); }); \
  }
OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
