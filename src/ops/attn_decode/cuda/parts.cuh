// Parts of an item, where their records lie, and who adds up those of fixed splits (slices.cuh: of
// others).
//
// Records    a thread block has places for those of the item that its share begins with, and for
//            those of the others, of which the last alone may outlive it
// Order      in groups of kMergeFan splits, whoever has them, whose sums take the place of their
//            first part; then the groups. Whoever comes last adds up
#pragma once

#include "src/ops/attn_decode/cuda/merge.cuh"

namespace octet::ops::attn_decode {

template <SplitShape S>
struct Parts {
  const Sm90Params& p;
  const Share<S>& share;
  const Merge<S>& merge;
  int32_t first;        // element of the line
  int32_t elements;    // of the item
  int32_t begin, end;  // thread blocks

  __device__ __forceinline__ Parts(const Sm90Params& params, const Share<S>& of,
                                   const Merge<S>& with, int32_t first_element, int32_t count)
      : p(params), share(of), merge(with), first(first_element), elements(count) {
    begin = share.cut.share_with(first), end = share.cut.share_with(first + elements - 1) + 1;
  }
  __device__ __forceinline__ int32_t count() const { return end - begin; }
  __device__ __forceinline__ PartsOfItem item(int32_t sequence, int32_t pair) const {
    return {sequence, pair, begin * 2, number(0), count()};
  }
  /// Place of thread block begin + i.
  __device__ __forceinline__ int32_t place(int32_t i) const {
    return (begin + i) * 2 + (i == 0 && share.cut.begin_of(begin) < first ? 1 : 0);
  }

  /// Number of the record of all that thread block begin + i has of the item, or of its first split.
  __device__ __forceinline__ int32_t number(int32_t i) const { return place(i) * p.block_records; }

  /// Adds split `of` of the item; `last`: the thread block's last. Whether the item is done: `part`
  /// is then the sum of all.
  __device__ __forceinline__ bool add(int32_t of, bool last, Part<S>& part) const {
    const int32_t all = elements;
    merge.store(part, record(of));
    int32_t from = of / kMergeFan * kMergeFan, step = 1, members = min(kMergeFan, all - from);
    if (!last && of + 1 < from + members) return false;
    int32_t arrivals = of + 1 - max(from, first_of(share.number - begin));
    // Of the two rows of counters each step has one.
    uint32_t* counter = p.counters + 2 * gridDim.x + share.cut.share_with(first + from);
#pragma unroll 1
    for (;;) {
      if (arrivals == members) {
        __syncthreads();  // the records are stored
      } else if (!merge.last_of(counter, members, arrivals)) {
        return false;
      }
      add_up(from, step, members, part);
      if (members == all || step > 1) return true;
      merge.store(part, record(from));
      from = 0, step = kMergeFan, members = (all + kMergeFan - 1) / kMergeFan, arrivals = 1;
      counter = p.counters + place(0);
      if (count() > 1) continue;
      if (of + 1 < all) return false;
      arrivals = members;
    }
  }

 private:
  /// First element of the item that thread block begin + i has.
  __device__ __forceinline__ int32_t first_of(int32_t i) const {
    return max(share.cut.begin_of(begin + i) - first, 0);
  }
  /// Number of the record of split i.
  __device__ __forceinline__ int32_t record(int32_t i) const {
    const int32_t block = share.cut.share_with(first + i) - begin;
    return number(block) + i - first_of(block);
  }
  /// Adds up the records from `from` on, each `step`-th.
  __device__ __forceinline__ void add_up(int32_t from, int32_t step, int32_t members,
                                         Part<S>& part) const {
#pragma unroll 1
    for (int32_t done = 0; done < members; done += kMergeFan) {
      const int32_t count = min(members - done, kMergeFan);
      const int32_t i = done + min(static_cast<int32_t>(threadIdx.x % 32), count - 1);
      merge.records(count, record(from + step * i), done == 0, part);
    }
  }
};

}  // namespace octet::ops::attn_decode
