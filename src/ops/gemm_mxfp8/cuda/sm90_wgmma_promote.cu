// MXFP8 GEMM for m of 17 to 64 on sm90: an instruction of 32 of k is one MX block; its product
// gets its two powers of two on the way to the sums, while the tensor core works on the next ones.
//
// Why not widened operands: the bits of a code need more instructions than two for each of 64
// tokens, tokens are half the bytes, and there is no launch that widens them.
//
// Pipeline   one warp asks the copy engine for tiles of codes; three warps copy exponents ahead of
//            their stage (k % 128 == 0, rows of exponents 4 bytes aligned) and leave them in it as
//            floats; consumer warpgroups keep products of `buffers` instructions in registers
// Numerics   f32 sums of products of 32 of k, each times the row's factor and then the token's:
//            exact but for the sum, for every byte, as long as the first cannot overflow. Weights
//            from 2^105 on make NaN, and results that are NaN are summed again by exact_element;
//            groups and blocks of a split add their sums in a fixed order
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/ops/gemm_mxfp8/cuda/finish_tile.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/promote_factors.cuh"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_promote_shape.h"
#include "src/ops/gemm_mxfp8/cuda/tile_ring.cuh"
#include "src/ops/gemm_mxfp8/cuda/tile_walk.cuh"

namespace octet::ops::gemm_mxfp8 {
namespace {

using Shape = TileShape;

template <Shape S>
using Sums = float[S.sums()];

/// Starts the product of 32 of k.
template <Shape S>
__device__ __forceinline__ void start(Sums<S>& product, Shared<S> shared, int stage, int part) {
  const int warpgroup = threadIdx.x / 128 % (S.left() / 64);
  wgmma_pin(product);
  wgmma_fence();
  Wgmma<S.right()>::run(product, wgmma_descriptor(shared.left(stage) + warpgroup * 8192) + 2 * part,
                        wgmma_descriptor(shared.right(stage)) + 2 * part, false);
  wgmma_commit();
}

/// sum += product * factor of the row * factor of the column.
template <Shape S>
__device__ __forceinline__ void promote(Sums<S>& sums, Sums<S>& product, uint32_t right_factors,
                                        float high, float low) {
  wgmma_pin(product);
  float4 four{};
#pragma unroll
  for (int j = 0; j < S.right() / 8; ++j) {
    if (j % 2 == 0) four = shared_load_floats(right_factors + j * 32);
    const float x = j % 2 == 0 ? four.x : four.z, y = j % 2 == 0 ? four.y : four.w;
    sums[4 * j] = fmaf(product[4 * j] * high, x, sums[4 * j]);
    sums[4 * j + 1] = fmaf(product[4 * j + 1] * high, y, sums[4 * j + 1]);
    sums[4 * j + 2] = fmaf(product[4 * j + 2] * low, x, sums[4 * j + 2]);
    sums[4 * j + 3] = fmaf(product[4 * j + 3] * low, y, sums[4 * j + 3]);
  }
}

/// Products that a warpgroup has in registers, one of them being added.
constexpr int buffers(Shape shape) {
  return std::min((shape.consumer_registers() - 56) / shape.sums() - 1, 4);
}

/// The stages of this group, kStages at a time: products are promoted in their order while those of
/// the next buffers are made. None is in flight at the end.
template <int kStages, Shape S>
__device__ __forceinline__ void accumulate(Sums<S>& sums, Shared<S> shared, Cursor<S.stages>& at) {
  constexpr int kBuffers = buffers(S), kProducts = 4 * kStages;
  const int lane = threadIdx.x % 32;
  Sums<S> products[kBuffers];
  int stages[kStages];
  float4 high, low;
#pragma unroll
  for (int i = -kBuffers; i < kProducts; ++i) {
    if (i >= 0) {
      const int stage = stages[i / 4], part = i % 4;
      if (part == 0) {
        const uint32_t row = shared.left_factors(stage) + (first_row<S>() + lane / 4) * 16;
        high = shared_load_floats(row);
        low = shared_load_floats(row + 128);
      }
      if (kProducts - 1 - i >= kBuffers - 1) {
        wgmma_wait<kBuffers - 1>();
      } else if (kProducts - 1 - i == 2) {
        wgmma_wait<2>();
      } else if (kProducts - 1 - i == 1) {
        wgmma_wait<1>();
      } else {
        wgmma_wait<0>();
      }
      promote<S>(sums, products[i % kBuffers],
                 shared.right_factors(stage) + part * S.right_factor_bytes() + lane % 4 * 16,
                 (&high.x)[part], (&low.x)[part]);
      if (part == 3) {
        __syncwarp();
        if (lane == 0) mbarrier_arrive(shared.empty(stage));
      }
    }
    const int next = i + kBuffers;
    if (next < kProducts) {
      if (next % 4 == 0) {
        stages[next / 4] = at.stage;
        mbarrier_wait(shared.full(at.stage), at.phase);
        at.advance(S.groups);
      }
      start<S>(products[next % kBuffers], shared, stages[next / 4], next % 4);
    }
  }
}

template <Shape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  Work<S> work;
  Cursor<S.stages> at;
  at.advance(group_of<S>());
  int left = work.steps(p) - group_of<S>();  // of the tile, from this group's next step on
#pragma unroll 1
  for (; !work.done(p); work.advance(), left += work.steps(p)) {
    Sums<S> sums;
#pragma unroll
    for (float& sum : sums) sum = 0;
#pragma unroll 1
    for (; left > S.groups; left -= 2 * S.groups) accumulate<2, S>(sums, shared, at);
    if (left > 0) {
      accumulate<1, S>(sums, shared, at);
      left -= S.groups;
    }
    finish<S>(p, shared.exchange(), work, 1.0f, sums);
  }
}

template <Shape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  const auto feed = [&](Shared<S> shared, int warp) {
    if (warp == 1) {
      feed_factors<S, PromoteRight<S>>(p, shared);
    } else {
      feed_factors<S, PromoteLeft<S>>(p, shared);
    }
  };
  run_block<S>(p, 3, feed, [&](Shared<S> shared) { consume<S>(p, shared); });
}

}  // namespace

#define OCTET_KERNEL(M, N, GROUPS, STAGES, SPLIT)                   \
  extern "C" __global__ void __launch_bounds__(                     \
      promote_shape(M, N, GROUPS, STAGES, SPLIT).threads(), 1)      \
      octet_sm90_mx_wgmma_promote_##M##x##N##_g##GROUPS##_c##SPLIT( \
          const __grid_constant__ Sm90Params p) {                   \
    run<promote_shape(M, N, GROUPS, STAGES, SPLIT)>(p);             \
  }
OCTET_SM90_MX_PROMOTE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_mxfp8
