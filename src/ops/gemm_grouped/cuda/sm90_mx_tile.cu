// MXFP8 grouped GEMM for many tokens an expert on sm90: slots are the rows of the tensor
// instruction, two warpgroups of 64 each; an instruction of 32 of k is one MX block, and its
// product gets its two powers of two on the way to the sums, while the tensor core works on the
// next one.
//
// Grid       a block a multiprocessor; they read how many tiles there are, and walk over them
// Pipeline   tile_ring.cuh; producers leave exponents in a stage as floats, from rows of any
//            alignment and for any k % 32 == 0
// Padding    a warpgroup whose 64 slots are all padding multiplies nothing
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
  static constexpr bool kBringsWeights = true;
  static constexpr int kRegisters = 216;

  template <TileShape S>
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
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = slot_row(p.slots, p.slots.sorted_ids[tile.slot() + lane + 32 * i]);
        rows.rows[i] = LooseRow(static_cast<const uint8_t*>(p.a_scale) +
                                    token_row(p.slots, max(row, 0)) * p.a_scale_row,
                                blocks);
      }
      const Note note = note_of<S>(tile);
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

/// A stage makes eight products, of 32 of k and 64 of n each; two are in registers, one of them
/// being added.
constexpr int kProducts = 8, kBuffers = 2;
using Product = float[32];

/// Starts product `i`. `tokens` and `weights` are low words of descriptors of the stage.
__device__ __forceinline__ void start(Product& product, uint32_t tokens, uint32_t weights, int i) {
  wgmma_pin(product);
  wgmma_fence();
  Wgmma<64>::run(product, wgmma_descriptor_of(tokens + i / 2 * 2),
                 wgmma_descriptor_of(weights + i / 2 * 2 + i % 2 * (64 * 128 / 16)), false);
  wgmma_commit();
}

/// sums += product * factors of the thread's rows * factors of its columns.
template <bool kUsual>
__device__ __forceinline__ void promote(float* sums, const Product& product, uint32_t columns,
                                        float upper, float lower) {
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

__device__ __forceinline__ void consume_products(Sums& sums, uint32_t tokens, uint32_t weights,
                                                 uint32_t scales) {
  const int lane = threadIdx.x % 32;
  const uint32_t row = scales + (threadIdx.x / 32 * 16 + lane / 4) * 16;
  const uint32_t columns = scales + kWeightFactors + lane % 4 * 16;
  Product products[kBuffers];
#pragma unroll
  for (int i = 0; i < kBuffers - 1; ++i) start(products[i], tokens, weights, i);
#pragma unroll
  for (int i = 0; i < kProducts; ++i) {
    const int next = i + kBuffers - 1;
    if (next < kProducts) {
      start(products[next % kBuffers], tokens, weights, next);
      wgmma_wait<kBuffers - 1>();
    } else if (i + 1 < kProducts) {
      wgmma_wait<1>();
    } else {
      wgmma_wait<0>();
    }
    wgmma_take(products[i % kBuffers]);
    const float upper = shared_load(row + i / 2 * 4), lower = shared_load(row + 128 + i / 2 * 4);
    promote<true>(sums + i % 2 * 32, products[i % kBuffers], columns + i / 2 * 512 + i % 2 * 256,
                  upper, lower);
  }
}

/// The same one by one, for any exponents.
__device__ __forceinline__ void consume_unusual(Sums& sums, uint32_t tokens, uint32_t weights,
                                                uint32_t scales) {
  const int lane = threadIdx.x % 32;
  const uint32_t row = scales + (threadIdx.x / 32 * 16 + lane / 4) * 16;
  const uint32_t columns = scales + kWeightFactors + lane % 4 * 16;
  Product product;
#pragma unroll 1
  for (int part = 0; part < 4; ++part) {
    const float upper = shared_load(row + part * 4), lower = shared_load(row + 128 + part * 4);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      start(product, tokens, weights, 2 * part + half);
      wgmma_wait<0>();
      wgmma_pin(product);
      promote<false>(sums + half * 32, product, columns + part * 512 + half * 256, upper, lower);
    }
  }
}

template <TileShape S>
__device__ __forceinline__ void consume_stage(Shared<S> shared, Cursor<S>& at, Sums& sums) {
  mbarrier_wait(shared.full(at.stage), at.phase);
  const int stage = uniform(at.stage);
  const uint32_t group = uniform(threadIdx.x / 128);
  const uint32_t tokens = wgmma_descriptor_low(shared.tokens(stage)) + group * (8192 / 16);
  const uint32_t weights = wgmma_descriptor_low(shared.weights(stage));
  const uint32_t scales = shared.scales(stage);
  if (__float_as_uint(shared_load(scales + kUnusual)) == 0) [[likely]] {
    consume_products(sums, tokens, weights, scales);
  } else {
    consume_unusual(sums, tokens, weights, scales);
  }
  release(shared, at.stage);
  at.advance();
}

template <TileShape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  consume_tiles<S>(p, shared, [&](Cursor<S>& at, const Note& note) {
    Sums sums[1];
#pragma unroll
    for (float& sum : sums[0]) sum = 0;
#pragma unroll 1
    for (int k = 0; k < p.k_blocks; ++k) consume_stage<S>(shared, at, sums[0]);
    store_tile<S>(p, shared, note, sums);
  });
}

}  // namespace

#define OCTET_KERNEL(STAGES)                                                      \
  extern "C" __global__ void __launch_bounds__(TileShape::kThreads, 1)            \
      octet_sm90_moe_mx_tile_s##STAGES(const __grid_constant__ Sm90Params p) {    \
    constexpr TileShape kShape = mx_tile_shape(STAGES);                           \
    run<kShape, MxScales>(p, [&](Shared<kShape> shared) { consume(p, shared); }); \
  }
OCTET_SM90_MX_TILE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
