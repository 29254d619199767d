// Block-scaled grouped GEMM for many tokens an expert on sm90: slots are the rows of the tensor
// instruction, two warpgroups of 64 each.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   tile_ring.cuh; a stage's products are summed by the tensor core from zero, then added
//            with their scales to float32 registers, 64 slots by 128 of n a wave
// Stores     results of a wave while the products of the next are made, those of a tile's last wave
//            beside the first products of the next tile
// Padding    where a tile's second 64 slots are padding, the warpgroups share the first and halve n
// Numerics   f32 accumulation, scaled every 128 of k (docs/numerics.md)
#include "src/gpu/cuda/wgmma.cuh"
#include "src/ops/gemm_grouped/cuda/block_source.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile_shape.h"
#include "src/ops/gemm_grouped/cuda/tile_store.cuh"

namespace octet::ops::gemm_grouped {
namespace {

using namespace tile;

template <TileShape S>
__device__ __forceinline__ void produce(const Sm90Params& p, Shared<S> shared, int warp) {
  if (warp == 0) {
    bring_weights(p, shared, threadIdx.x % 32);
  } else if (elect_one()) {
    hand_over(p, shared);
  }
}

/// What a warpgroup multiplies, wave by wave: 64 slots by 128 of n. Low words of descriptors of
/// stage 0, the first slot and the first of n in the tile. The next wave's are 128 slots behind in
/// a tall tile, 128 of n in others.
struct Place {
  uint32_t tokens, weights;
  int slot, n;
};
constexpr uint32_t k128Rows = 128 * 128 / 16;  // of codes, in a descriptor

/// A thread's scales of a stage.
template <int kWaves, bool kTall>
struct Scales {
  float upper[kWaves], lower[kWaves], column[kWaves];

  template <TileShape S>
  __device__ __forceinline__ void read(Shared<S> shared, int stage, const Place& place) {
    const uint32_t scales = shared.scales(stage);
    const uint32_t row =
        scales + (place.slot + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4) * 4;
    const uint32_t columns = scales + (S.most_slots() + place.n / 128) * 4;
#pragma unroll
    for (int wave = 0; wave < kWaves; ++wave) {
      const bool same_row = wave > 0 && !kTall;
      upper[wave] = same_row ? upper[0] : shared_load(row + wave * 512);
      lower[wave] = same_row ? lower[0] : shared_load(row + wave * 512 + 32);
      column[wave] = wave > 0 && kTall ? column[0] : shared_load(columns + wave * 4);
    }
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

/// sums += partial * scales of the thread's rows; kFirst: they are all there is.
template <bool kFirst>
__device__ __forceinline__ void promote(Sums& sums, const Sums& partial, float upper, float lower) {
#pragma unroll
  for (int i = 0; i < 64; ++i) {
    const float scale = i / 2 % 2 == 0 ? upper : lower;
    sums[i] = kFirst ? partial[i] * scale : sums[i] + partial[i] * scale;
  }
}

/// Starts a wave of a tile's stage.
template <TileShape S, bool kTall>
__device__ __forceinline__ void start(Sums& partial, const Place& place, int stage, int wave) {
  constexpr int kStage = S.stage_bytes() / 16;
  multiply(partial, place.tokens + stage * kStage + (kTall ? wave * k128Rows : 0),
           place.weights + stage * kStage + (kTall ? 0 : wave * k128Rows));
}

/// Takes a stage that is there and whose scales are read, then waits for the next and reads its
/// scales if there is one. kFirst: of a tile; the products of the first wave are under way.
/// `beside(wave)`: work while the products of a wave are made.
template <TileShape S, int kWaves, bool kTall, bool kFirst, class Beside>
__device__ __forceinline__ void consume_stage(Shared<S> shared, Cursor<S>& at, const Place& place,
                                              bool last, Scales<kWaves, kTall>& scales,
                                              Sums& partial, Sums* sums, const Beside& beside) {
  const int stage = at.stage;
#pragma unroll
  for (int wave = 0; wave < kWaves; ++wave) {
    if (wave > 0 || !kFirst) start<S, kTall>(partial, place, stage, wave);
    if (wave + 1 == kWaves) at.advance();
    beside(wave);
    wgmma_wait<0>();
    wgmma_take(partial);
    if (wave + 1 == kWaves) release(shared, stage);
    promote<kFirst>(sums[wave], partial, scales.upper[wave] * scales.column[wave],
                    scales.lower[wave] * scales.column[wave]);
  }
  if (!last) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    scales.template read<S>(shared, at.stage, place);
  }
}

/// The rows of d of a warp's waves: one set, or one for each.
template <int kSets>
struct TileRows {
  WarpRows sets[kSets];

  __device__ __forceinline__ void request(const SlotParams& p, int slot) {
#pragma unroll
    for (int i = 0; i < kSets; ++i) sets[i].request(p, slot + i * TileShape::kSlots);
  }
  __device__ __forceinline__ void resolve(const SlotParams& p) {
#pragma unroll
    for (WarpRows& set : sets) set.resolve(p);
  }
  __device__ __forceinline__ const WarpRows& of(int wave) const {
    return sets[kSets == 1 ? 0 : wave];
  }
};

/// The results of a tile's last wave, stored while the first products of the next one are made.
struct Late {
  WarpRows rows;
  int n;
  bool any;
};

/// A tile whose first products are under way. Leaves the sums of the last wave in sums[1].
template <TileShape S, int kWaves, bool kTall>
__device__ __forceinline__ void consume_tile(const Sm90Params& p, Shared<S> shared, Cursor<S>& at,
                                             const Note& note, const Place& place, Sums& partial,
                                             Sums (&all)[2], Late& late) {
  Sums* const sums = all + (2 - kWaves);
  const int n0 = note.n0 + place.n;
  const auto nothing = [](int) {};
  Scales<kWaves, kTall> scales;
  scales.template read<S>(shared, at.stage, place);
  const int k_blocks = p.k_blocks;  // a loop whose end may change has a test at every step
  consume_stage<S, kWaves, kTall, true>(shared, at, place, k_blocks == 1, scales, partial, sums,
                                        nothing);
  constexpr int kUnroll = S.tall ? 2 : 8;  // tall: 2 to 7 % ahead of 8
#pragma unroll kUnroll
  for (int k = 2; k < k_blocks; ++k) {
    consume_stage<S, kWaves, kTall, false>(shared, at, place, false, scales, partial, sums,
                                           nothing);
  }
  TileRows<kTall ? kWaves : 1> rows;
  rows.request(p.slots, note.slot + place.slot + threadIdx.x % 128 / 32 * 16);
  const auto finish = [&](int wave) {
    if (wave == 0) {
      rows.resolve(p.slots);
    } else {
      store_rows<2>(p, shared, rows.of(0), n0, sums[0]);
    }
  };
  if (k_blocks > 1) {
    consume_stage<S, kWaves, kTall, false>(shared, at, place, true, scales, partial, sums, finish);
  } else {
#pragma unroll
    for (int wave = 0; wave < kWaves; ++wave) finish(wave);
  }
  late = {rows.of(kWaves - 1), n0 + (kTall ? 0 : (kWaves - 1) * 128), true};
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  const int group = static_cast<int>(uniform(threadIdx.x / 128));
  const uint32_t first = uniform(wgmma_descriptor_low(shared.tokens(0)));
  Cursor<S> at;
  Sums sums[2], partial;
  Late late{{}, 0, false};
  bool more = !tiles_of<S>(p).done();
  const auto store_late = [&] {
    if (late.any) store_rows<2>(p, shared, late.rows, late.n, sums[1]);
    late.any = false;
  };
#pragma unroll 1
  while (more) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    const Note note = read_note(shared, at.stage);
    more = note.more;
    if (S.waves == 1 && note.half && group == 1) {
      store_late();
      pass_tile(p, shared, at);
      continue;
    }
    // Both warpgroups take the first 64 slots of a tile that has no more, each its half of n.
    const bool tall = S.tall && note.tall, shared_rows = note.half && !tall;
    const int slot = shared_rows ? 0 : group * 64, n = shared_rows ? group * 128 : 0;
    const Place place{first + slot * 8, first + (tall ? 2 : 1) * k128Rows + n * 8, slot, n};
    start<S, false>(partial, place, at.stage, 0);
    store_late();
    if (S.tall && tall) {
      if (note.half && group == 1) {
        consume_tile<S, 1, true>(p, shared, at, note, place, partial, sums, late);
      } else {
        consume_tile<S, 2, true>(p, shared, at, note, place, partial, sums, late);
      }
    } else if (note.half) {
      consume_tile<S, 1, false>(p, shared, at, note, place, partial, sums, late);
    } else {
      consume_tile<S, S.waves, false>(p, shared, at, note, place, partial, sums, late);
    }
  }
  store_late();
}

}  // namespace

#define OCTET_KERNEL(WAVES, STAGES, TALL, SHARES)                                     \
  extern "C" __global__ void __launch_bounds__(TileShape::kThreads, 1)                \
      octet_sm90_moe_block_tile_w##WAVES##_s##STAGES##_t##TALL##_c##SHARES(           \
          const __grid_constant__ Sm90Params p) {                                     \
    constexpr TileShape kShape = block_tile_shape(WAVES, STAGES, TALL, SHARES);       \
    run<kShape, kShape.tall ? 216 : 224>(                                             \
        p, 32, 1, [&](Shared<kShape> shared, int warp) { produce(p, shared, warp); }, \
        [&](Shared<kShape> shared) { consume(p, shared); });                          \
  }
OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
