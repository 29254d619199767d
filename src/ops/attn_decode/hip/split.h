// Split-KV decode attention in one launch: equal shares of units for all workgroups, each wave
// every fourth tile, parts of items added up by the workgroup that comes last.
#pragma once

#include "src/ops/attn_decode/hip/parts.h"
#include "src/ops/attn_decode/hip/q.h"
#include "src/ops/attn_decode/hip/softmax.h"

namespace octet::ops::attn_decode::hip {

/// Tiles `tile` up to `end` of a sequence, every fourth: keys of the next tile are asked for as
/// soon as those of this one are used, then its values. Of a head in halves, values of this tile
/// take the registers of its keys.
template <SplitShape S>
OCTET_DEVICE void attend_tiles(Fetch<S>& fetch, int32_t tile, int32_t end, Attend<S>& a) {
  constexpr int kHalves = S.halves();
  constexpr bool kInTurn = kHalves > 1;
  Place at = fetch.place(tile, end), next = fetch.place(tile + kSplitWaves, end);
  ScaleWords scales = fetch.scales(at);
  Keys<S> keys[kHalves];
  Values<S> values[kHalves];
  OCTET_UNROLL
  for (int h = 0; h < kHalves; ++h) keys[h] = fetch.keys(at, h);
  if constexpr (!kInTurn) values[0] = fetch.values(at, 0);
  OCTET_NO_UNROLL
  for (; tile < end; tile += kSplitWaves) {
    typename Attend<S>::Logits x{};
    OCTET_UNROLL
    for (int h = 0; h < kHalves; ++h) {
      a.dot(h, keys[h], x);
      schedule_fence();
      if constexpr (kInTurn) values[h] = fetch.values(at, h);
    }
    const ScaleWords of_tile = scales;
    fetch.refresh();
    scales = fetch.scales(next);
    fetch.refresh();
    if constexpr (!kInTurn) keys[0] = fetch.keys(next, 0);
    schedule_fence();
    a.p = fetch.p;
    const bool whole = a.whole(at);
    const auto weights = a.weigh(at, of_tile, whole, x);
    OCTET_UNROLL
    for (int h = 0; h < kHalves; ++h) {
      a.add(h, values[h], weights, at, whole);
      schedule_fence();
      fetch.refresh();
      if constexpr (kInTurn) keys[h] = fetch.keys(next, h);
      if constexpr (!kInTurn) values[0] = fetch.values(next, 0);
    }
    fetch.refresh();
    at = next, next = fetch.place(tile + 2 * kSplitWaves, end);
  }
}

template <SplitShape S>
OCTET_DEVICE void run_split(const GpuParams& p) {
  OCTET_SHARED ShareMemory share_memory;
  OCTET_SHARED MergeMemory<S> merge_memory;
  Share share;
  if (!find_share(p, share_memory, share)) return;
  Attend<S> attend(p, reinterpret_cast<Word4*>(merge_memory.vectors));
  Item item = item_of(p, share.pair, share.sequence);
  int32_t element = share.begin, of = share.element;
  OCTET_NO_UNROLL
  for (;;) {
    attend.begin(item);
    attend.clear();
    const int32_t left = share.end - element;
    const int32_t count = attend.p->fixed_splits ? 1 : least_of(item.elements - of, left);
    Fetch<S> fetch(*attend.p, item);
    const int32_t tile = item.unit_of(*attend.p, of) * S.tiles_of_unit();
    attend_tiles(fetch, tile + static_cast<int32_t>(wave_index()),
                 item.unit_of(*attend.p, of + count) * S.tiles_of_unit(), attend);
    const GpuParams& here = read_afresh(p);
    if (fetch.lost >= 0) note_page(here, item.sequence, fetch.lost);
    const Merge<S> merge{here, merge_memory};
    Part<S> part;
    merge.waves(item, attend, part);
    const bool ends = of + count == item.elements, leaves = count == left;
    const Parts<S> parts(here, cut_of(share_memory), merge, element - of, item.elements);
    const bool last = !here.fixed_splits || ends || leaves;
    if (parts.add(of, count, last, part)) merge.store_rows(item, part);
    if (leaves) return;
    element += count, of += count;
    if (!ends) continue;
    of = 0;
    const bool wraps = item.sequence + 1 == here.batch;
    item = item_of(here, item.pair + (wraps ? 1 : 0), wraps ? 0 : item.sequence + 1);
  }
}

}  // namespace octet::ops::attn_decode::hip
