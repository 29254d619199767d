// MXFP8 grouped GEMM for many tokens an expert on sm90: slots are the rows of the tensor
// instruction, two warpgroups of 64 each; an instruction of 32 of k is one MX block, and its
// product gets its two powers of two on the way to the sums, while the tensor core works on the
// next one.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   tile_ring.cuh; producers leave exponents in a stage as floats, from rows of any
//            alignment and for any k % 32 == 0
// Padding    where a tile's second 64 slots are padding, the warpgroups share the first and halve n
// Numerics   f32 sums of products of 32 of k, each times the slot's factor and then the weight's;
//            where a slot's exponent is unusual both at once (mx_scaled), right for every byte
#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/ops/gemm_grouped/cuda/loose_row.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_mx_tile_shape.h"
#include "src/ops/gemm_grouped/cuda/tile_store.cuh"

namespace octet::ops::gemm_grouped {
namespace {

using namespace tile;

// In a stage's scales: four floats of each slot; for each 32 of k the floats of 128 rows of
// weights, 16 after 16, in which the four that a thread needs are side by side; two words that are
// not zero where an exponent of slots, or of weights, is unusual.
constexpr int kWeightFactors = TileShape::kSlots * 16;
constexpr int kUnusual = kWeightFactors + 128 * 16;

/// 2^(byte - 127) of byte i; mx_exponent's byte is its bits >> 23, of NaN too.
__device__ __forceinline__ uint32_t factor_bits(uint32_t word, int i) {
  const uint32_t exponent = mx_exponent(word, i);
  return exponent == 255 ? kNanBits : max(exponent << 23, 0x00400000u);
}

/// Exponents of slots, four to a word, whose products with codes are exact: from 2^-18 * 2^-108 to
/// 2^23 * 2^103. Those of weights may be any: the sum is rounded as the product would be.
constexpr uint32_t kLeast = 0x13131313, kMost = 0xe6e6e6e6;

/// Four rows of exponents a lane, four stages ahead.
class Rows {
 public:
  /// Words of stage k of the lane's rows, exponents past the end set to one.
  __device__ __forceinline__ void read(int k, int blocks, uint32_t (&words)[4]) {
    if (k % 4 == 0) {
#pragma unroll
      for (LooseRow& row : rows) row.read(k);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) words[i] = whole_word(rows[i].word(k % 4), blocks - 4 * k);
  }
  LooseRow rows[4];  // of rows lane, lane + 32, ...
};

struct MxScales {
  class OfWeights {
   public:
    __device__ __forceinline__ OfWeights(const Sm90Params& p, int expert, int n0, int lane)
        : blocks_(p.k / 32), lane_(lane) {
      const auto* b = static_cast<const uint8_t*>(p.b_scale) + expert * p.b_scale_expert;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int n = min(n0 + lane + 32 * i, p.n - 1);  // rows past the end have codes of zero
        rows_.rows[i] = LooseRow(b + n * p.b_scale_row, blocks_);
      }
    }
    __device__ __forceinline__ void bring(uint32_t scales, int k) {
      uint32_t words[4];
      rows_.read(k, blocks_, words);
      const int place = lane_ % 8 / 2 * 4 + lane_ / 8 % 2 * 2 + lane_ % 2;  // in its 16 rows
      const uint32_t to = scales + kWeightFactors + (lane_ / 16 * 16 + place) * 4;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int part = 0; part < 4; ++part) {
          shared_store_word(to + part * 512 + i * 128, factor_bits(words[i], part));
        }
      }
    }

   private:
    Rows rows_;
    int blocks_, lane_;
  };

  template <TileShape S>
  static __device__ __forceinline__ void bring_slots(const Sm90Params& p, Shared<S> shared,
                                                     int lane) {
    const int blocks = p.k / 32;
    Cursor<S> at;
#pragma unroll 1
    for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
      Rows rows;
      int d_rows[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + lane + 32 * i]);
        d_rows[i] = row;
        rows.rows[i] = LooseRow(static_cast<const uint8_t*>(p.a_scale) +
                                    token_row(p.slots, max(row, 0)) * p.a_scale_row,
                                blocks);
      }
      const Note note = note_of<S>(tile, d_rows[2]);
#pragma unroll 1
      for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
        uint32_t words[4], unusual = 0;
        rows.read(k, blocks, words);
        mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
        if (lane == 0) leave_note(shared, at.stage, note);
        const uint32_t to = shared.scales(at.stage) + lane * 16;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          unusual |= __vcmpltu4(words[i], kLeast) | __vcmpgtu4(words[i], kMost);
          shared_store(to + i * 512, factor_bits(words[i], 0), factor_bits(words[i], 1),
                       factor_bits(words[i], 2), factor_bits(words[i], 3));
        }
        unusual = __reduce_or_sync(0xffffffff, unusual);
        if (lane == 0) shared_store_word(shared.scales(at.stage) + kUnusual, unusual);
        __syncwarp();
        if (lane == 0) mbarrier_arrive(shared.full(at.stage));
      }
    }
  }
};

/// One warp: weights and their factors, an arrival for each.
template <TileShape S>
__device__ __forceinline__ void bring_weights(const Sm90Params& p, Shared<S> shared, int lane) {
  Cursor<S> at;
#pragma unroll 1
  for (auto tile = tiles_of<S>(p); !tile.done(); tile.advance()) {
    const uint64_t policy = tile.weights_are_shared() ? kEvictNormal : kEvictFirst;
    const int n0 = tile.column() * S.block_n(), expert = tile.expert();
    MxScales::OfWeights scales(p, expert, n0, lane);
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
      const uint32_t full = shared.full(at.stage);
      mbarrier_wait(shared.empty(at.stage), at.phase ^ 1);
      if (lane == 0) {
        mbarrier_arrive_expect(full, S.weight_bytes());
        tensor_load_plane(shared.weights(at.stage, false), &p.b, k * 128, n0, expert, full, policy);
      }
      __syncwarp();
      scales.bring(shared.scales(at.stage), k);
      __syncwarp();
      if (lane == 0) mbarrier_arrive(full);
    }
  }
}

/// A stage makes products of 32 of k and 64 of n each; two are in registers, one of them being
/// added.
using Product = float[32];

/// What a warpgroup multiplies of a stage: low words of descriptors, and where the factors of the
/// thread's rows and columns are. From one 64 of n to the next: kNextWeights, kNextColumns.
struct Place {
  uint32_t tokens, weights, rows, columns;
};
constexpr uint32_t kNextWeights = 64 * 128 / 16, kNextColumns = 256;

/// Starts the product of part `part` of k with half `half` of n.
__device__ __forceinline__ void start(Product& product, const Place& place, int part, int half) {
  wgmma_pin(product);
  wgmma_fence();
  Wgmma<64>::run(product, wgmma_descriptor_of(place.tokens + part * 2),
                 wgmma_descriptor_of(place.weights + part * 2 + half * kNextWeights), false);
  wgmma_commit();
}

/// sums += product * factors of the thread's rows * factors of its columns.
template <bool kUsual>
__device__ __forceinline__ void promote(float* sums, const Product& product, const Place& place,
                                        int part, int half) {
  const float upper = shared_load(place.rows + part * 4);
  const float lower = shared_load(place.rows + 128 + part * 4);
  const uint32_t columns = place.columns + part * 512 + half * kNextColumns;
#pragma unroll
  for (int j = 0; j < 8; j += 2) {
    const float4 four = shared_load_floats(columns + j * 32);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float row = i / 2 % 2 == 0 ? upper : lower;
      const float column = i < 4 ? (i % 2 == 0 ? four.x : four.y) : (i % 2 == 0 ? four.z : four.w);
      const int at = 4 * j + i;
      if constexpr (kUsual) {
        sums[at] = fmaf(product[at] * row, column, sums[at]);
      } else {
        sums[at] +=
            mx_scaled(product[at], __float_as_uint(row) >> 23, __float_as_uint(column) >> 23);
      }
    }
  }
}

template <int kHalves>
__device__ __forceinline__ void consume_products(float* sums, const Place& place) {
  constexpr int kProducts = 4 * kHalves;
  Product products[2];
  start(products[0], place, 0, 0);
#pragma unroll
  for (int i = 0; i < kProducts; ++i) {
    const int next = i + 1;
    if (next < kProducts) {
      start(products[next % 2], place, next / kHalves, next % kHalves);
      wgmma_wait<1>();
    } else {
      wgmma_wait<0>();
    }
    wgmma_take(products[i % 2]);
    promote<true>(sums + i % kHalves * 32, products[i % 2], place, i / kHalves, i % kHalves);
  }
}

/// The same one by one, for any exponents.
template <int kHalves>
__device__ __forceinline__ void consume_unusual(float* sums, const Place& place) {
  Product product;
#pragma unroll 1
  for (int part = 0; part < 4; ++part) {
#pragma unroll
    for (int half = 0; half < kHalves; ++half) {
      start(product, place, part, half);
      wgmma_wait<0>();
      wgmma_take(product);
      promote<false>(sums + half * 32, product, place, part, half);
    }
  }
}

/// A tile's products: 64 slots from `slot` on by kHalves times 64 of n, from half `half` on.
template <TileShape S, int kHalves>
__device__ __forceinline__ void consume_tile(const Sm90Params& p, Shared<S> shared, Cursor<S>& at,
                                             const Note& note, int slot, int half) {
  const int lane = threadIdx.x % 32, row = slot + threadIdx.x / 32 % 4 * 16;
  WarpRows rows;
  rows.request(p.slots, note.slot + row);
  float sums[32 * kHalves];
#pragma unroll
  for (float& sum : sums) sum = 0;
#pragma unroll 1
  for (int k = 0; k < p.k_blocks; ++k, at.advance()) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    const int stage = static_cast<int>(uniform(at.stage));
    const uint32_t scales = shared.scales(stage);
    const Place place{wgmma_descriptor_low(shared.tokens(stage)) + slot * (128 / 16),
                      wgmma_descriptor_low(shared.weights(stage, false)) + half * kNextWeights,
                      scales + (row + lane / 4) * 16,
                      scales + kWeightFactors + lane % 4 * 16 + half * kNextColumns};
    if (__float_as_uint(shared_load(scales + kUnusual)) == 0) [[likely]] {
      consume_products<kHalves>(sums, place);
    } else {
      consume_unusual<kHalves>(sums, place);
    }
    release(shared, stage);
  }
  rows.resolve(p.slots);
  store_rows<kHalves>(p, shared, rows, note.n0 + half * 64, sums);
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  const int group = static_cast<int>(uniform(threadIdx.x / 128));
  Cursor<S> at;
  bool more = !tiles_of<S>(p).done();
#pragma unroll 1
  while (more) {
    mbarrier_wait(shared.full(at.stage), at.phase);
    const Note note = read_note(shared, at.stage);
    more = note.more;
    if (note.half) {
      consume_tile<S, 1>(p, shared, at, note, 0, group);
    } else {
      consume_tile<S, 2>(p, shared, at, note, group * 64, 0);
    }
  }
}

}  // namespace

#define OCTET_KERNEL(STAGES)                                                   \
  extern "C" __global__ void __launch_bounds__(TileShape::kThreads, 1)         \
      octet_sm90_moe_mx_tile_s##STAGES(const __grid_constant__ Sm90Params p) { \
    constexpr TileShape kShape = mx_tile_shape(STAGES);                        \
    run<kShape, 216>(                                                          \
        p, 0, 3,                                                               \
        [&](Shared<kShape> shared, int warp) {                                 \
          if (warp == 0) {                                                     \
            bring_weights(p, shared, threadIdx.x % 32);                        \
          } else if (warp == 1) {                                              \
            MxScales::bring_slots(p, shared, threadIdx.x % 32);                \
          } else if (elect_one()) {                                            \
            hand_over(p, shared);                                              \
          }                                                                    \
        },                                                                     \
        [&](Shared<kShape> shared) { consume(p, shared); });                   \
  }
OCTET_SM90_MX_TILE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
