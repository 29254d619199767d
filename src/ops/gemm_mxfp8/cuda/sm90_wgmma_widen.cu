// MXFP8 GEMM for m of 33 and more on sm90: codes are widened to bf16 with their exponents folded
// in, and the tensor core sums over all of k.
//
// Why: with 32 of k a scale, adding every product outside the tensor core costs more instructions
// than widening both operands, from m of about 64 on. bf16 holds a code times a power of two
// exactly.
//
// Pipeline   tokens come from a launch of their own (sm90_widen_tokens.cu); one warp asks the copy
//            engine for tiles, two make factors of exponents (k % 128 == 0, rows of exponents 4
//            bytes aligned); consumer warpgroups widen 64 rows of weights each in registers and
//            take turns at the tensor core
// Order      in 16 of k, odd codes of each four come before even ones, in both operands alike
// Numerics   f32 sums of exact products; groups and blocks of a split add their sums in a fixed
//            order. Exponents outside 2^-87 to 2^18 make NaN here, and results that are NaN are
//            summed again by exact_element, which is right for every byte
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/copy.cuh"
#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/mx_widen.cuh"
#include "src/gpu/cuda/wgmma.cuh"
#include "src/gpu/cuda/wgmma_bf16.cuh"
#include "src/ops/gemm_mxfp8/cuda/factor_feed.cuh"
#include "src/ops/gemm_mxfp8/cuda/finish_tile.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen_shape.h"
#include "src/ops/gemm_mxfp8/cuda/tile_ring.cuh"
#include "src/ops/gemm_mxfp8/cuda/tile_walk.cuh"

namespace octet::ops::gemm_mxfp8 {
namespace {

using Shape = TileShape;

template <Shape S>
using Sums = float[S.sums()];

/// Two warpgroups take turns at the tensor core, so that one widens while the other multiplies;
/// left to themselves they fall into step, and wait for it and for each other.
constexpr int kTurnBarrier = 4;  // named, and the next: the turns of the first and of the second

template <Shape S>
__device__ __forceinline__ void first_turn() {
  if (S.consumers() == 2 && threadIdx.x / 128 == 1) named_barrier_arrive(kTurnBarrier, 256);
}
template <Shape S>
__device__ __forceinline__ void take_turn() {
  if (S.consumers() == 2) named_barrier_sync(kTurnBarrier + threadIdx.x / 128, 256);
}
template <Shape S>
__device__ __forceinline__ void pass_turn() {
  if (S.consumers() == 2) named_barrier_arrive(kTurnBarrier + 1 - threadIdx.x / 128, 256);
}

/// Starts the products of a stage.
template <Shape S>
__device__ __forceinline__ void multiply(Sums<S>& sums, const WideFragments& low,
                                         const WideFragments& high, uint32_t tokens) {
  const uint64_t first = wgmma_descriptor(tokens);
  const uint64_t second = wgmma_descriptor(tokens + S.block_m * 128);
  wgmma_fence();
#pragma unroll
  for (int i = 0; i < 4; ++i) WgmmaBf16<S.block_m>::run(sums, low[i], first + 2 * i, true);
#pragma unroll
  for (int i = 0; i < 4; ++i) WgmmaBf16<S.block_m>::run(sums, high[i], second + 2 * i, true);
  wgmma_commit();
}

/// All products are done: from here on the registers they read may change.
__device__ __forceinline__ void wait_for(WideFragments& low, WideFragments& high) {
  wgmma_wait<0>();
  take_fragments(low);
  take_fragments(high);
}

/// Adds this group's steps of a tile, at least one. The products of a stage run while the other
/// warpgroup widens.
template <Shape S>
__device__ __forceinline__ void accumulate(Sums<S>& sums, Shared<S> shared, Cursor<S.stages>& at,
                                           int& left) {
  const int lane = threadIdx.x % 32, row0 = first_row<S>();
  const WideSeat seat;
  WideRows<4> weights;
  WideFragments low{}, high{};
  uint32_t most[2] = {0, 0};
  int before = -1;  // the stage whose products are in flight
  wgmma_pin(sums);
#pragma unroll 1
  for (; left > 0; left -= S.groups) {
    const int stage = at.stage;
    mbarrier_wait(shared.full(stage), at.phase);
    weights.read(seat, shared.weights(stage) + row0 * 128, shared.left_factors(stage) + row0 * 16);
    weights.settle_factors();
    wait_for(low, high);
    if (before >= 0 && lane == 0) mbarrier_arrive(shared.empty(before));
    weights.widen<0>(low, most);
    weights.widen<2>(high, most);
    take_turn<S>();
    multiply<S>(sums, low, high, shared.tokens(stage));
    pass_turn<S>();
    before = stage;
    at.advance(S.groups);
  }
  wgmma_wait<0>();
  wgmma_pin(sums);
  if (lane == 0) mbarrier_arrive(shared.empty(before));
  mark_nan_rows(sums, most);
}

template <Shape S>
__device__ __forceinline__ void consume(const Sm90Params& p, Shared<S> shared) {
  Work<S> work;
  first_turn<S>();
  Cursor<S.stages> at;
  at.advance(group_of<S>());
  int left = work.steps(p) - group_of<S>();  // of the tile, from this group's next step on
#pragma unroll 1
  for (; !work.done(p); work.advance(), left += work.steps(p)) {
    Sums<S> sums;
#pragma unroll
    for (float& sum : sums) sum = 0;
    if (S.groups == 1 || left > 0) accumulate<S>(sums, shared, at, left);
    finish<S>(p, shared.exchange(), work, kMxSumScale, sums);
  }
}

template <Shape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  const auto feed = [&](Shared<S> shared, int warp) {
    if (warp > 1) feed_factors<S, LeftExponents<S, bf16_factor>>(p, shared);
  };
  run_block<S>(p, 2, feed, [&](Shared<S> shared) { consume<S>(p, shared); });
}

}  // namespace

#define OCTET_KERNEL(M, N, GROUPS, STAGES, SPLIT)                                                  \
  extern "C" __global__ void __launch_bounds__(widen_shape(M, N, GROUPS, STAGES, SPLIT).threads(), \
                                               1)                                                  \
      octet_sm90_mx_wgmma_widen_##M##x##N##_g##GROUPS##_c##SPLIT(                                  \
          const __grid_constant__ Sm90Params p) {                                                  \
    run<widen_shape(M, N, GROUPS, STAGES, SPLIT)>(p);                                              \
  }
OCTET_SM90_MX_WIDEN_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_mxfp8
