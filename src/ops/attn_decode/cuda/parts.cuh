// Parts of an item, and who adds them up.
//
// Records    a thread block has places for those of the item that its share begins with, and for
//            those of the others, of which the last alone may outlive it
// Order      parts cut by shares: in order of thread blocks, more than kMergeFan first in groups,
//            whose sums take the place of their first part. Fixed splits: the same in groups of
//            kMergeFan splits, whoever has them. Whoever comes last adds up
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
    begin = share.block_with(first), end = share.block_with(first + elements - 1) + 1;
  }
  __device__ __forceinline__ int32_t count() const { return end - begin; }
  /// Place of thread block begin + i.
  __device__ __forceinline__ int32_t place(int32_t i) const {
    return (begin + i) * 2 + (i == 0 && share.begin_of(begin) < first ? 1 : 0);
  }

  /// Adds a part, the element `of` of the item where splits are fixed, else all that this thread
  /// block has; `last`: its last. Whether the item is done: `part` is then the sum of all.
  __device__ __forceinline__ bool add(int32_t of, bool last, Part<S>& part) const {
    const bool fixed = p.fixed_splits;
    const int32_t mine = share.number - begin, all = fixed ? elements : count();
    const int32_t own = fixed ? of : mine, fan = fixed ? kMergeFan : fan_of(all);
    merge.store(part, record(own));
    int32_t from = own / fan * fan, step = 1, members = min(fan, all - from), arrivals = 1;
    // Of the two rows of counters each step has one.
    uint32_t* counter = p.counters + place(from);
    if (fixed) {
      if (!last && of + 1 < from + members) return false;
      arrivals = of + 1 - max(from, first_of(mine));
      counter = p.counters + 2 * gridDim.x + share.block_with(first + from);
    }
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
      from = 0, step = fan, members = (all + fan - 1) / fan, arrivals = 1;
      counter = p.counters + (fixed ? 0 : 2 * gridDim.x) + place(0);
      if (count() > 1) continue;
      if (of + 1 < all) return false;
      arrivals = members;
    }
  }

 private:
  /// Number of thread block begin + i's first record.
  __device__ __forceinline__ int32_t number(int32_t i) const {
    return place(i) * p.block_records;
  }
  /// First element of the item that thread block begin + i has.
  __device__ __forceinline__ int32_t first_of(int32_t i) const {
    return max(share.begin_of(begin + i) - first, 0);
  }
  /// Number of the record of thread block begin + i or, where splits are fixed, of split i.
  __device__ __forceinline__ int32_t record(int32_t i) const {
    if (!p.fixed_splits) return number(i);
    const int32_t block = share.block_with(first + i) - begin;
    return number(block) + i - first_of(block);
  }
  /// How many parts one thread block adds up: all, or about as many as there are then sums.
  static __device__ __forceinline__ int32_t fan_of(int32_t parts) {
    if (parts <= kMergeFan) return parts;
    int32_t fan = 6;
    while (fan * fan < parts) ++fan;
    return fan;
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
