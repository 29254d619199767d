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
#include "src/gpu/cuda/mx.cuh"
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

/// What codes are multiplied by to become bf16 (mx.cuh), or kMxNoFactor.
__device__ __forceinline__ uint32_t bf16_factor(uint32_t word, int i) {
  const uint32_t exponent = mx_exponent(word, i);
  return exponent >= kMxLeast && exponent <= kMxMost ? mx_factor(exponent) : kMxNoFactor;
}

/// What a warp reads of a stage's weights: of its rows l / 4 and l / 4 + 8 the codes 4 * (l % 4) to
/// + 3 of every 16, and their factors.
struct Weights {
  uint32_t codes[4][4];  // of 32 of k: the first 16 of both rows, the second 16
  uint32_t factors[2][4];

  template <Shape S>
  __device__ __forceinline__ void read(Shared<S> shared, int stage) {
    const int lane = threadIdx.x % 32, row0 = first_row<S>();
    const int row = row0 + lane % 16, turn = row & 7;
    const uint32_t from = shared.weights(stage) + row * 128;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      matrix_load(from + (((2 * i + lane / 16) ^ turn) << 4), codes[i]);
    }
    const uint32_t factor = shared.left_factors(stage) + (row0 + lane / 4) * 16;
    shared_load_words(factor, factors[0]);
    shared_load_words(factor + 128, factors[1]);
  }

  /// Codes that are all zero need no factor. The others make NaN.
  __device__ __forceinline__ void settle_factors() {
    uint32_t most = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) most = max(most, factors[i / 4][i % 4]);
    if (most != kMxNoFactor) [[likely]]
      return;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      uint32_t& factor = factors[i / 4][i % 4];
      const uint32_t four = codes[i % 4][i / 4] | codes[i % 4][i / 4 + 2];
      if (factor == kMxNoFactor && (four & 0x7f7f7f7f) == 0) factor = 0;
    }
  }
};

using Fragments = uint32_t[4][4];  // of 16 of k each: the registers of A

/// Widens half of a stage: 64 of k from 64 * kHalf on. `most`: see bf16_codes, for each row.
template <int kHalf>
__device__ __forceinline__ void widen(const Weights& weights, Fragments& fragments,
                                      uint32_t (&most)[2]) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      const uint32_t(&codes)[4] = weights.codes[2 * kHalf + i];
      const uint32_t factor = weights.factors[row][2 * kHalf + i];
      const Bf16Codes x = bf16_codes(codes[row], factor, most[row]);
      const Bf16Codes y = bf16_codes(codes[row + 2], factor, most[row]);
      fragments[2 * i][row] = x.odd;
      fragments[2 * i][row + 2] = x.even;
      fragments[2 * i + 1][row] = y.odd;
      fragments[2 * i + 1][row + 2] = y.even;
    }
  }
}

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
__device__ __forceinline__ void multiply(Sums<S>& sums, const Fragments& low, const Fragments& high,
                                         uint32_t tokens) {
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
__device__ __forceinline__ void wait_for(Fragments& low, Fragments& high) {
  wgmma_wait<0>();
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    asm volatile("" : "+r"(low[i / 4][i % 4]), "+r"(high[i / 4][i % 4]));
  }
}

/// A row with a NaN code, of which a quad of lanes has read a quarter each, has NaN sums.
template <int kCount>
__device__ __forceinline__ void mark_nan_rows(float (&sums)[kCount], const uint32_t (&most)[2]) {
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    uint32_t all = __vmaxu2(most[row], __shfl_xor_sync(0xffffffff, most[row], 1));
    all = __vmaxu2(all, __shfl_xor_sync(0xffffffff, all, 2));
    if (!has_nan_code(all)) continue;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (i / 2 % 2 == row) sums[i] = __uint_as_float(kNanBits);
    }
  }
}

/// Adds this group's steps of a tile, at least one. The products of a stage run while the other
/// warpgroup widens.
template <Shape S>
__device__ __forceinline__ void accumulate(Sums<S>& sums, Shared<S> shared, Cursor<S.stages>& at,
                                           int& left) {
  const int lane = threadIdx.x % 32;
  Weights weights;
  Fragments low{}, high{};
  uint32_t most[2] = {0, 0};
  int before = -1;  // the stage whose products are in flight
  wgmma_pin(sums);
#pragma unroll 1
  for (; left > 0; left -= S.groups) {
    const int stage = at.stage;
    mbarrier_wait(shared.full(stage), at.phase);
    weights.read<S>(shared, stage);
    weights.settle_factors();
    wait_for(low, high);
    if (before >= 0 && lane == 0) mbarrier_arrive(shared.empty(before));
    widen<0>(weights, low, most);
    widen<1>(weights, high, most);
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
