// Where a block of sm90_wgmma_tile is: in its shared memory, in its ring, among its tiles.
#pragma once

#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/ring_cursor.cuh"
#include "src/ops/gemm_blockscale/cuda/params.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_tile_config.h"

namespace octet::ops::gemm_blockscale {
namespace {

using namespace gpu;
using Config = Sm90TileConfig;

/// Rows of d that a group of tiles covers before it moves along n: what one wave of blocks reads
/// of A and of B is then about equal and stays in L2.
constexpr int kGroupRows = 2048;

/// Where the parts of the shared memory of a block are.
template <Config C>
struct Shared {
  uint32_t base;

  __device__ uint32_t a(int stage) const { return base + stage * C.a_bytes(); }
  __device__ uint32_t b(int stage) const { return base + C.b_offset() + stage * C.b_bytes(); }
  __device__ uint32_t scales(int stage) const {
    return base + C.scale_offset() + stage * C.scale_stage_bytes();
  }
  __device__ uint32_t d_boxes(int sharer) const {  // a warp, or a warpgroup
    return base + C.d_offset() + sharer * C.staged_boxes() * C.d_box_bytes();
  }
  __device__ uint32_t reduce() const { return base + C.reduce_offset(); }
  __device__ uint32_t full(int stage) const { return base + C.barrier_offset() + stage * 8; }
  __device__ uint32_t empty(int stage) const { return full(C.stages + stage); }
  __device__ uint32_t reduced(int warp) const { return full(2 * C.stages + warp); }
};

template <Config C>
using Cursor = RingCursor<C.stages>;

/// The tiles of a block, and its part of k. Keeps one number: the rest is cheaper to find again
/// than to hold while sums fill the registers.
template <Config C>
struct Work {
  int tile;

  __device__ Work() {
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(tile));
    tile /= C.cluster();
  }

  struct Place {
    int m0, n0;
  };

  __device__ static int rank() { return C.cluster() > 1 ? cluster_rank() : 0; }
  /// Among the blocks that share A, and that share B.
  __device__ static int rank_a() { return C.share_a > 1 ? cluster_rank() : 0; }
  __device__ static int rank_b() { return C.share_b > 1 ? cluster_rank() : 0; }
  __device__ static int first_k(const Sm90Params& params) {
    return C.split_k == 1 ? 0 : params.k_blocks * cluster_rank() / C.split_k;
  }
  __device__ static int end_k(const Sm90Params& params) {
    return C.split_k == 1 ? params.k_blocks : params.k_blocks * (cluster_rank() + 1) / C.split_k;
  }
  __device__ bool done(const Sm90Params& params) const {
    return tile >= C.cluster_rows(params.m) * C.cluster_columns(params.n);
  }
  __device__ void advance() { tile += static_cast<int>(gridDim.x) / C.cluster(); }
  __device__ Place place(const Sm90Params& params) const {
    constexpr int kGroup = kGroupRows / (C.block_m * C.share_b);
    const int columns = C.cluster_columns(params.n);
    const int group = tile / (kGroup * columns);
    const int height = min(kGroup, C.cluster_rows(params.m) - group * kGroup);
    const int inside = tile - group * kGroup * columns;
    const int column = inside / max(1, height);
    const int row = group * kGroup + inside - column * height;
    return {(row * C.share_b + rank_b()) * C.block_m, (column * C.share_a + rank_a()) * C.block_n};
  }
};

}  // namespace
}  // namespace octet::ops::gemm_blockscale
