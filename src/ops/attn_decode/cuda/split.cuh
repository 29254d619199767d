// Split-KV decode attention in one launch: equal shares of units for all thread blocks, each warp
// with a ring of its own, parts of an item added up by its first thread blocks.
#pragma once

#include "src/ops/attn_decode/cuda/attend_impl.cuh"
#include "src/ops/attn_decode/cuda/parts.cuh"
#include "src/ops/attn_decode/cuda/slices.cuh"

namespace octet::ops::attn_decode {

/// What a run of units leaves behind, to where it belongs. Whether finish_items() may have to do.
template <SplitShape S>
__device__ __forceinline__ bool finish_run(const Sm90Params& p, const Share<S>& share,
                                           const Runs<S>& runs, const Merge<S>& merge,
                                           Attend<S>& attend) {
  Part<S> part;
  merge.warps(attend, attend.v_scale, part);
  const Walk<S.unit()>& at = runs.at;
  if (at.unit > 0 || !runs.ends()) {
    const int32_t element = at.element(p, at.unit);
    const Parts<S> parts(p, share, merge, runs.element - element, at.elements(p));
    if (!p.fixed_splits) {
      add_in_slices(merge, parts.item(at.sequence, at.pair), share.number - parts.begin,
                    runs.last(p), part);
      return true;
    }
    if (!parts.add(element, runs.ends() || runs.last(p), part)) return false;
  }
  merge.prepare_rows(at.sequence, at.pair);
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    merge.store_vector(at.sequence, at.pair, Part<S>::vector(e), part.values[e]);
  }
  return false;
}

template <SplitShape S>
__device__ __forceinline__ void run_split(const Sm90Params& p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  __shared__ Share<S> share;
  __shared__ int32_t of_warps[S.warps];
  __shared__ typename Merge<S>::Shared merge_shared;
  __shared__ typename Attend<S>::KeptQ kept_q;
  if (S.boxes && threadIdx.x == 0) {
    gpu::tensor_map_prefetch(&p.k_boxes.map);
    gpu::tensor_map_prefetch(&p.v_boxes.map);
  }
  const Merge<S> merge{p, merge_shared, reinterpret_cast<float4*>(memory + S.sums_at())};
  const uint32_t ring = gpu::shared_address(memory);
  Fetch<S>::prepare(ring);
  gpu::dependency_pass(p.dependent);
  Share<S> mine;
  if (!find_share(p, share, of_warps, mine)) return;

  Runs<S> runs(p, mine);
  const int lane = threadIdx.x % 32;
  Attend<S> attend{p, lane / 4, lane % 4};
  // Why before any copy: loads of q would queue behind all that every ring asks for.
  attend.ask_q(runs.at.sequence, head_of(p, runs.at.pair), first_row_of<S>(p, runs.at.pair));
  Fetch<S> fetch(p, runs, ring);
  fetch.share_units(mine.end - mine.begin);
  no_items_due(merge);
  int ahead = -1, stage = 0, round = 0;  // stages on their way; the next one, and its use
  bool fresh = true, due = false;       // q is only asked for; an item is to be finished
  // Of fixed splits, which thread blocks of eight warps compute, the first warp has a unit each.
  const bool keeps_q = S.warps == kUnitWarps && p.fixed_splits;
#pragma unroll 1
  for (;;) {
    attend.clear();
    int32_t unit = (fetch.turn_warp - runs.turn) & (S.warps - 1);
#pragma unroll 1
    while (ahead < S.stages() || unit < runs.count) {
      if (ahead < S.stages()) {
        fetch.next((stage + ahead++) % S.stages());
        continue;
      }
      if (fresh) {
        attend.make_q();
        fresh = false;
        if (keeps_q && threadIdx.x < 32) attend.keep_q(kept_q);
      }
      fetch.wait(stage, round);
      attend.unit(fetch.stages + stage * S.stage_bytes(), fetch.scales + stage * S.scale_bytes(),
                  runs.at, runs.at.first(runs.at.unit + unit), fetch.first_tile, fetch.last_tile);
      __syncwarp();
      unit += S.warps;
      --ahead;
      if (++stage == S.stages()) stage = 0, ++round;
    }
    due |= finish_run(p, share, runs, merge, attend);
    const bool same_item = !runs.ends();
    if (!runs.next(p)) break;
    if (keeps_q && same_item) {
      attend.restore_q(kept_q);
      fresh = false;
      continue;
    }
    attend.ask_q(runs.at.sequence, head_of(p, runs.at.pair), first_row_of<S>(p, runs.at.pair));
    fresh = true;
  }
  if (due) finish_items(merge);
}

}  // namespace octet::ops::attn_decode
