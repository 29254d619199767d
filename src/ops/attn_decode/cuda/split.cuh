// Split-KV decode attention in one launch: equal shares of units for all thread blocks, each warp
// with a ring of its own, parts of items added up by whoever comes last.
#pragma once

#include "src/ops/attn_decode/cuda/attend_impl.cuh"
#include "src/ops/attn_decode/cuda/merge.cuh"

namespace octet::ops::attn_decode {

/// The parts of an item that several thread blocks share. A thread block has two places for
/// records: of the item that its share begins with, and of the one that it ends with.
template <SplitShape S>
struct Parts {
  const Sm90Params& p;
  const Share& share;
  int64_t first;         // unit of the line
  uint32_t begin, end;   // thread blocks

  __device__ __forceinline__ Parts(const Sm90Params& params, const Share& of, int64_t first_unit,
                                   int32_t units)
      : p(params), share(of), first(first_unit) {
    begin = share.block_with(first), end = share.block_with(first + units - 1) + 1;
  }
  __device__ __forceinline__ uint32_t count() const { return end - begin; }
  /// Where thread block begin + i has its record.
  __device__ __forceinline__ uint32_t slot(uint32_t i) const {
    return (begin + i) * 2 + (i == 0 && share.begin_of(begin) != first ? 1 : 0);
  }
  __device__ __forceinline__ float* record(uint32_t i) const {
    return p.records + static_cast<int64_t>(slot(i)) * S.record();
  }

  /// Adds this thread block's part; the last of all stores the item's rows.
  __device__ __forceinline__ void add(const Merge<S>& merge, const Walk& at, Part<S>& part) const {
    const uint32_t fan = count() > kMergeFan ? kMergeFan : count();
    const uint32_t group = (blockIdx.x - begin) / fan * fan;
    const uint32_t members = min(fan, count() - group);
    constexpr int64_t kStep = 2 * S.record();  // between thread blocks
    merge.store(part, record(blockIdx.x - begin));
    if (!merge.last_of(p.counters + slot(group), members)) return;
    merge.records(record(group), record(group + 1), kStep, members, part);
    if (count() > fan) {
      const uint32_t groups = (count() + fan - 1) / fan;
      merge.store(part, record(group));
      if (!merge.last_of(p.counters + 2 * gridDim.x + slot(0), groups)) return;
      merge.records(record(0), record(fan), kStep * fan, groups, part);
    }
    merge.store_rows(at, part);
  }
};

template <SplitShape S>
__device__ __forceinline__ void run_split(const Sm90Params& p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  __shared__ Share share;
  __shared__ int64_t of_warps[kSplitWarps];
  __shared__ typename Merge<S>::Shared merge_shared;
  gpu::dependency_pass(p.dependent);
  if (!find_share<S.unit()>(p, share, of_warps)) return;

  const int warp = gpu::uniform(threadIdx.x / 32), lane = threadIdx.x % 32;
  const uint32_t ring = gpu::shared_address(memory);
  Fetch<S> fetch{p, share.at};
  fetch.stages = ring + warp * S.stages() * S.stage_bytes();
  fetch.scales = ring + S.scales_at() + warp * S.stages() * S.scale_bytes();
  fetch.lane = lane;
  auto left = static_cast<int32_t>(share.end - share.begin);
  fetch.start(left, warp);
  for (int stage = 0; stage < S.stages(); ++stage) fetch.next(stage);

  const Merge<S> merge{p, merge_shared, reinterpret_cast<float4*>(memory + S.merge_at())};
  Attend<S> attend{p, lane / 4, lane % 4};
  Walk at = share.at;
  int turn = 0, stage = 0;  // the warp that has the next unit; this warp's next stage
  for (int64_t unit = share.begin; left > 0;) {
    const int32_t units = min(left, at.units - at.unit);
    const int32_t kv_head = at.pair / p.row_blocks;
    const int64_t first = unit - at.unit;
    const bool whole = units == at.units;
    attend.clear();
    int32_t mine = (warp - turn) & (kSplitWarps - 1);
    if (mine < units) attend.load_q(at.sequence, kv_head, at.pair % p.row_blocks * S.rows());
    for (; mine < units; mine += kSplitWarps) {
      gpu::copy_wait<S.stages() - 1>();
      __syncwarp();
      Walk of = at;
      of.unit += mine;
      attend.unit(fetch.stages + stage * S.stage_bytes(), fetch.scales + stage * S.scale_bytes(),
                  of);
      __syncwarp();
      fetch.next(stage);
      stage = stage + 1 < S.stages() ? stage + 1 : 0;
    }
    Part<S> part;
    const float v_scale =
        S.token_scales || p.v.scale == nullptr ? 1.0f : p.v.scale[kv_head * p.v.scale_head];
    merge.warps(attend, v_scale, part);
    if (whole) {
      merge.store_rows(at, part);
    } else {
      Parts<S>(p, share, first, at.units).add(merge, at, part);
    }
    left -= units, unit += units;
    turn = (turn + units) & (kSplitWarps - 1);
    at.template advance<S.unit()>(p, units);
  }
}

}  // namespace octet::ops::attn_decode
