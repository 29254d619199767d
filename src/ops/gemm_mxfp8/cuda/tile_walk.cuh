// The tiles of a thread block along d and k, its place in the ring, and where its warps stand:
// common to sm90_wgmma_promote and sm90_wgmma_widen.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/tile_shape.h"

namespace octet::ops::gemm_mxfp8 {

/// Tokens that a group of tiles covers before it moves along n, so that both operands stay in L2.
constexpr int kGroupTokens = 2048;

/// A place in a ring of kStages.
template <int kStages>
struct Cursor {
  int stage = 0;
  uint32_t phase = 0;

  __device__ __forceinline__ void advance(int by = 1) {
    stage += by;
    if (stage >= kStages) {
      stage -= kStages;
      phase ^= 1;
    }
  }
};

/// The tiles of a block, and its part of k. Keeps one number: the rest is cheaper to find again
/// than to hold while sums fill the registers.
template <TileShape S>
struct Work {
  int tile;

  struct Place {
    int m0, n0;
  };

  __device__ __forceinline__ Work() {
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(tile));
    tile /= S.split;
  }
  __device__ __forceinline__ static int rank() { return S.split > 1 ? gpu::cluster_rank() : 0; }
  __device__ __forceinline__ static int first_k(const Sm90Params& p) {
    return p.k_blocks * rank() / S.split;
  }
  __device__ __forceinline__ static int end_k(const Sm90Params& p) {
    return p.k_blocks * (rank() + 1) / S.split;
  }
  __device__ __forceinline__ static int steps(const Sm90Params& p) { return end_k(p) - first_k(p); }
  __device__ __forceinline__ static int tiles(const Sm90Params& p) {
    return S.rows(p.m) * S.columns(p.n);
  }
  __device__ __forceinline__ bool done(const Sm90Params& p) const { return tile >= tiles(p); }
  __device__ __forceinline__ void advance() { tile += static_cast<int>(gridDim.x) / S.split; }
  __device__ __forceinline__ Place place(const Sm90Params& p) const {
    constexpr int kGroup = kGroupTokens / S.block_m;
    const int columns = S.columns(p.n);
    const int group = tile / (kGroup * columns);
    const int height = min(kGroup, S.rows(p.m) - group * kGroup);
    const int inside = tile - group * kGroup * columns;
    const int column = inside / max(1, height);
    return {(group * kGroup + inside - column * height) * S.block_m, column * S.block_n};
  }
};

/// Consumer warpgroups lie side by side in rows of the left operand, then group after group.
template <TileShape S>
__device__ __forceinline__ int group_of() {
  return S.groups == 1 ? 0 : threadIdx.x / (S.left() * 2);
}
/// The first of a warp's 16 rows of the left operand.
template <TileShape S>
__device__ __forceinline__ int first_row() {
  return threadIdx.x / 32 * 16 % S.left();
}

}  // namespace octet::ops::gemm_mxfp8
