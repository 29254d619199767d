// The end of a tile: sums of groups and of blocks of a split are added in a fixed order, and stored.
// Common to sm90_wgmma_promote and sm90_wgmma_widen;
#pragma once

#include "src/gpu/cuda/matrix.cuh"
#include "src/gpu/cuda/transposed_store.cuh"
#include "src/ops/gemm_mxfp8/cuda/exact_element.cuh"
#include "src/ops/gemm_mxfp8/cuda/tile_walk.cuh"

namespace octet::ops::gemm_mxfp8 {

using namespace gpu;

constexpr int kGroupsBarrier = 2;  // named: the sums of the second group are in shared memory,
constexpr int kTakenBarrier = 3;   // and have been read

/// Where sums meet in shared memory.
struct Exchange {
  uint32_t group;    // of the second group
  uint32_t reduce;   // of the blocks of a split, this block's slice of tokens
  uint32_t reduced;  // a barrier for each warp of a group, at 8 bytes each

  __device__ __forceinline__ uint32_t barrier(int warp) const { return reduced + warp * 8; }
};

/// Adds the sums of the other groups to those of the first; true in the first.
template <TileShape S>
__device__ __forceinline__ bool combine_groups(const Exchange& at, float (&sums)[S.sums()]) {
  if constexpr (S.groups == 1) return true;
  constexpr int kThreads = S.left() * 2, kQuads = S.sums() / 4;
  const int group = group_of<S>();
  const uint32_t first = at.group + threadIdx.x % kThreads * 16;
  if (group > 0) {
    const uint32_t own = first + (group - 1) * (kQuads * kThreads * 16);
#pragma unroll
    for (int j = 0; j < kQuads; ++j) {
      shared_store_floats(own + j * kThreads * 16, sums[4 * j], sums[4 * j + 1], sums[4 * j + 2],
                          sums[4 * j + 3]);
    }
  }
  named_barrier_sync(kGroupsBarrier, kThreads * S.groups);
  if (group > 0) {
    named_barrier_sync(kTakenBarrier, kThreads * S.groups);
    return false;
  }
#pragma unroll 1
  for (int other = 0; other < S.groups - 1; ++other) {
#pragma unroll
    for (int j = 0; j < kQuads; ++j) {
      const float4 part = shared_load_floats(first + (other * kQuads + j) * kThreads * 16);
      sums[4 * j] += part.x;
      sums[4 * j + 1] += part.y;
      sums[4 * j + 2] += part.z;
      sums[4 * j + 3] += part.w;
    }
  }
  named_barrier_arrive(kTakenBarrier, kThreads * S.groups);
  return true;
}

/// Sends each block of the split the sums of its columns, and adds what this one got in the order
/// of k: the first `right / split` columns of `sums` are then whole.
template <TileShape S>
__device__ __forceinline__ void reduce(const Exchange& at, float (&sums)[S.sums()], int rank) {
  constexpr int kSlice = S.right() / 8 / S.split;  // groups of 8 columns
  constexpr int kThreads = S.left() * 2;
  constexpr int kSlotBytes = kSlice * kThreads * 16;
  const int thread = threadIdx.x, warp = thread / 32;
  if (thread % 32 == 0) mbarrier_arrive_expect(at.barrier(warp), (S.split - 1) * kSlice * 512);
  const uint32_t own = at.reduce + thread * 16;
#pragma unroll
  for (int to = 0; to < S.split; ++to) {
    const uint32_t remote = remote_address(own + rank * kSlotBytes, to);
    const uint32_t barrier = remote_address(at.barrier(warp), to);
#pragma unroll
    for (int j = 0; j < kSlice; ++j) {
      const float* four = sums + 4 * (kSlice * to + j);
      if (to == rank) {
        shared_store_floats(own + rank * kSlotBytes + j * kThreads * 16, four[0], four[1], four[2],
                            four[3]);
      } else {
        store_async(remote + j * kThreads * 16, four[0], four[1], four[2], four[3], barrier);
      }
    }
  }
  __syncwarp();
  mbarrier_wait_cluster(at.barrier(warp), 0);
#pragma unroll
  for (int j = 0; j < kSlice; ++j) {
    float4 total = shared_load_floats(own + j * kThreads * 16);
#pragma unroll
    for (int from = 1; from < S.split; ++from) {
      const float4 part = shared_load_floats(own + from * kSlotBytes + j * kThreads * 16);
      total.x += part.x;
      total.y += part.y;
      total.z += part.z;
      total.w += part.w;
    }
    sums[4 * j] = total.x;
    sums[4 * j + 1] = total.y;
    sums[4 * j + 2] = total.z;
    sums[4 * j + 3] = total.w;
  }
}

/// Stores a warp's 16 tokens, 8 * kGroups columns of d wide.
template <int kGroups>
__device__ __forceinline__ void store_tokens(const Sm90Params& p, int n0, int m0,
                                             const float* sums) {
  const auto store = [&](auto* d) {
    store_pairs<kGroups>(d + m0 * p.d_row + n0, p.d_row, p.m - m0, p.n - n0, sums);
  };
  if (p.output == OutputType::kBf16) {
    store(static_cast<__nv_bfloat16*>(p.d));
  } else if (p.output == OutputType::kF16) {
    store(static_cast<__half*>(p.d));
  } else {
    store(static_cast<float*>(p.d));
  }
}

/// A warp's 16 rows of whole sums; `place` is the first. Results that are NaN are summed again.
template <int kGroups, bool kSwapped>
__device__ __forceinline__ void store_exact(const Sm90Params& p, int m0, int n0, float* sums) {
  const int lane = threadIdx.x % 32;
  bool nan = false;
#pragma unroll
  for (int i = 0; i < 4 * kGroups; ++i) nan |= sums[i] != sums[i];
  if (nan) [[unlikely]] {
#pragma unroll
    for (int i = 0; i < 4 * kGroups; ++i) {
      const int row = lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
      const int token = m0 + (kSwapped ? column : row), n = n0 + (kSwapped ? row : column);
      if (sums[i] != sums[i] && n < p.n && token < p.m) sums[i] = exact_element(p, token, n);
    }
  }
  __syncwarp();
  if constexpr (kSwapped) {
    store_transposed<kGroups>(p, n0, m0, sums);
  } else {
    store_tokens<kGroups>(p, n0, m0, sums);
  }
}

/// The end of a tile for a consumer. `scale`: what sums are short of.
template <TileShape S>
__device__ __forceinline__ void finish(const Sm90Params& p, const Exchange& at, const Work<S>& work,
                                       float scale, float (&sums)[S.sums()]) {
  constexpr int kGroups = S.right() / 8 / S.split;
  const bool first_group = combine_groups<S>(at, sums);
  if constexpr (S.split > 1) cluster_wait();  // the others have set up their barriers
  if (!first_group) return;
  if constexpr (S.split > 1) reduce<S>(at, sums, work.rank());
  const auto place = work.place(p);
  const int row = first_row<S>(), column = work.rank() * kGroups * 8;
#pragma unroll
  for (int i = 0; i < 4 * kGroups; ++i) sums[i] *= scale;
  store_exact<kGroups, S.swapped()>(p, place.m0 + (S.swapped() ? column : row),
                                  place.n0 + (S.swapped() ? row : column), sums);
}

}  // namespace octet::ops::gemm_mxfp8
