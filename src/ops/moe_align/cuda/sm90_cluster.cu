// moe_align in one launch of one cluster: a counting sort that is stable, because warps take
// choices in order and lanes of a warp rank equal experts by lane.
//
// Phases     count: each warp counts its choices by expert in its own row of shared memory
//            share: a row's counts become those of earlier warps; blocks read each other's totals
//            place: a scan over experts gives first slots and local numbers, the same in every
//            block scatter: each warp goes over its choices again; tiles and padding are shared out
//            to all
// Numerics   integers; the result does not depend on timing
#include "src/gpu/cuda/barrier.cuh"
#include "src/ops/moe_align/cuda/params.h"

namespace octet::ops::moe_align {
namespace {

constexpr uint32_t kAll = 0xffffffff;

struct Block {
  const Sm90Params& p;
  int32_t* shared;
  SharedLayout at;
  int rank, warp, lane;

  __device__ __forceinline__ int32_t* counts_of(int w) const {
    return shared + at.counts + w * p.task.experts;
  }
  /// Choices of this warp: first to end.
  __device__ __forceinline__ int32_t first() const { return (rank * kWarps + warp) * p.of_warp; }
  __device__ __forceinline__ int32_t end() const {
    return min(p.task.choices, first() + p.of_warp);
  }
  /// Among all threads of the cluster.
  __device__ __forceinline__ int32_t thread() const { return rank * kThreads + threadIdx.x; }
  __device__ __forceinline__ int32_t threads() const { return p.cluster * kThreads; }

  __device__ __forceinline__ bool in_range(int32_t expert) const {
    return static_cast<uint32_t>(expert) < static_cast<uint32_t>(p.task.experts);
  }
};

__device__ __forceinline__ void count(const Block& b) {
  const int32_t experts = b.p.task.experts, warps = active_warps(b.p, b.rank);
  for (int32_t i = threadIdx.x; i < warps * experts; i += kThreads) b.shared[b.at.counts + i] = 0;
  if (threadIdx.x == 0) b.shared[b.at.totals + experts] = 0;
  __syncthreads();
  int32_t invalid = 0;
  int32_t* counts = b.counts_of(b.warp);
  for (int32_t i = b.first() + b.lane; i < b.end(); i += 32) {
    const int32_t expert = b.p.task.topk_ids[i];
    if (b.in_range(expert)) {
      atomicAdd(counts + expert, 1);
    } else {
      ++invalid;
    }
  }
  if (invalid != 0) atomicAdd(b.shared + b.at.totals + experts, invalid);
  __syncthreads();
}

/// Counts become those of earlier warps of the block; totals those of the block, 0 for experts that
/// are not of this device.
__device__ __forceinline__ void add_up(const Block& b) {
  const int32_t experts = b.p.task.experts, warps = active_warps(b.p, b.rank);
  for (int32_t e = threadIdx.x; e < experts; e += kThreads) {
    int32_t sum = 0;
#pragma unroll 8
    for (int w = 0; w < warps; ++w) {
      int32_t& counted = b.counts_of(w)[e];
      const int32_t mine = counted;
      counted = sum;
      sum += mine;
    }
    b.shared[b.at.totals + e] = is_local(b.p.task, e) ? sum : 0;
  }
}

/// Entry `e` of the totals of another block.
__device__ __forceinline__ int32_t total_of(const Block& b, int32_t e, int rank) {
  const int32_t* mine = b.shared + b.at.totals + e;
  if (b.p.cluster == 1) return *mine;
  return gpu::load_remote(gpu::remote_address(gpu::shared_address(mine), rank));
}

/// The sum of `x` over the threads before this one, and over all; two sums at once.
struct Pair {
  int32_t a, b;
};
__device__ __forceinline__ Pair scan(Pair x, int32_t* sums, Pair& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  Pair before = x;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const Pair other{__shfl_up_sync(kAll, before.a, step), __shfl_up_sync(kAll, before.b, step)};
    if (lane >= step) before = {before.a + other.a, before.b + other.b};
  }
  if (lane == 31) {
    sums[warp] = before.a;
    sums[kWarps + warp] = before.b;
  }
  __syncthreads();
  Pair of_warps{0, 0};
  all = {0, 0};
#pragma unroll 8
  for (int w = 0; w < kWarps; ++w) {
    const Pair sum{sums[w], sums[kWarps + w]};
    if (w < warp) of_warps = {of_warps.a + sum.a, of_warps.b + sum.b};
    all = {all.a + sum.a, all.b + sum.b};
  }
  return {of_warps.a + before.a - x.a, of_warps.b + before.b - x.b};
}

/// First slots and local numbers of the experts; returns the slots in use. The sums of all blocks
/// are added in order of rank.
__device__ __forceinline__ int32_t place(const Block& b, int32_t& routed) {
  const Task& t = b.p.task;
  const int32_t e = threadIdx.x;
  const bool mine = e < t.experts;
  int32_t earlier = 0, total = 0;
  if (mine) {
    for (int rank = 0; rank < b.p.cluster; ++rank) {
      const int32_t of_rank = total_of(b, e, rank);
      if (rank < b.rank) earlier += of_rank;
      total += of_rank;
    }
  }
  Pair all, counted;
  const Pair before = scan({padded(t, total), mine && is_local(t, e)}, b.shared + b.at.sums, all);
  __syncthreads();  // the sums are read
  (void)scan({total, 0}, b.shared + b.at.sums, counted);
  routed = counted.a;
  if (mine) {
    b.shared[b.at.starts + e] = before.a;
    b.shared[b.at.bases + e] = before.a + earlier;
    b.shared[b.at.filled + e] = before.a + total;
    b.shared[b.at.locals + e] = before.b;
  }
  __syncthreads();
  return all.a;
}

__device__ __forceinline__ void scatter(const Block& b) {
  const Task& t = b.p.task;
  int32_t* counts = b.counts_of(b.warp);
  for (int32_t first = b.first(); first < b.end(); first += 32) {
    const int32_t i = first + b.lane;
    int32_t expert = i < b.end() ? t.topk_ids[i] : -1;
    if (!b.in_range(expert) || !is_local(t, expert)) expert = -1;
    const uint32_t equals = __match_any_sync(kAll, expert);
    const int32_t before = __popc(equals & ((1u << b.lane) - 1));
    int32_t slot = 0;
    if (expert >= 0) slot = b.shared[b.at.bases + expert] + counts[expert] + before;
    __syncwarp();  // the counts are read
    if (expert >= 0 && before == 0) counts[expert] += __popc(equals);
    __syncwarp();
    if (expert < 0) continue;
    set_slot(t, slot, i);
  }
}

/// Padding of tiles and behind them, and the expert of each tile: shared out to the cluster.
__device__ __forceinline__ void fill(const Block& b, int32_t used) {
  const Task& t = b.p.task;
  const int32_t *starts = b.shared + b.at.starts, *filled = b.shared + b.at.filled;
  for (int32_t e = b.rank * kWarps + b.warp; e < t.experts; e += b.p.cluster * kWarps) {
    const int32_t end = e + 1 < t.experts ? starts[e + 1] : used;
    for (int32_t slot = filled[e] + b.lane; slot < end; slot += 32) set_padding(t, slot);
  }
  for (int32_t slot = used + b.thread(); slot < t.max_slots; slot += b.threads()) {
    set_padding(t, slot);
  }
  for (int32_t tile = b.thread(); tile < t.max_tiles; tile += b.threads()) {
    const int32_t slot = tile * t.block_m;
    const int32_t e = expert_of(starts, t.experts, slot);
    t.tile_experts[tile] = slot < used ? b.shared[b.at.locals + e] : -1;
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads)
    octet_moe_align_cluster(const __grid_constant__ Sm90Params p) {
  extern __shared__ int32_t shared[];
  const int rank = p.cluster == 1 ? 0 : gpu::cluster_rank();
  const Block b{p,
                shared,
                shared_layout(p.task.experts),
                rank,
                static_cast<int>(threadIdx.x) / 32,
                static_cast<int>(threadIdx.x) % 32};
  gpu::dependency_release();
  count(b);
  add_up(b);
  __syncthreads();
  if (p.cluster > 1) {
    gpu::cluster_arrive();
    gpu::cluster_wait();
  }
  int32_t routed;
  const int32_t used = place(b, routed);
  int32_t invalid = 0;
  if (b.thread() == 0) {
    for (int of = 0; of < p.cluster; ++of) invalid += total_of(b, p.task.experts, of);
  }
  __syncwarp();
  if (p.cluster > 1) gpu::cluster_arrive();  // the totals of other blocks are read
  scatter(b);
  fill(b, used);
  if (b.thread() == 0) {
    p.task.counts[0] = used;
    p.task.counts[1] = p.task.tokens;
    p.task.counts[2] = routed;
    p.task.counts[3] = invalid;
  }
  __syncwarp();
  if (p.dependent) gpu::dependency_wait();  // whoever waits for this launch waits for that one too
  if (p.cluster > 1) gpu::cluster_wait();   // shared memory stays until the others have read it
}

}  // namespace octet::ops::moe_align
