// Parts of an item, and who adds them up.
//
// Records    a workgroup has places for those of the item that its share begins with, and for those
//            of the others, of which the last alone may outlive it
// Order      parts cut by shares: in order of workgroups, more than kMergeFan first in groups,
//            whose sums take the place of their first part. Fixed splits: in order, all at once.
//            Wave w of whoever comes last adds every fourth, from w on
#pragma once

#include "src/ops/attn_decode/hip/merge.h"

namespace octet::ops::attn_decode::hip {

template <SplitShape S>
struct Parts {
  const GpuParams& p;
  const Share& share;
  const Merge<S>& merge;
  int32_t first;       // element of the line
  int32_t elements;    // of the item
  int32_t begin, end;  // workgroups

  OCTET_DEVICE Parts(const GpuParams& params, const Share& of, const Merge<S>& with,
                     int32_t first_element, int32_t count)
      : p(params), share(of), merge(with), first(first_element), elements(count) {
    begin = share.cut.block_with(first), end = share.cut.block_with(first + elements - 1) + 1;
  }

  /// Adds up the waves' sums of `part` elements of the item from `of` on, then, by the last
  /// workgroup, all of the item; `last`: this one comes to no more of it. Whether the item is done:
  /// wave 0 then has its sums.
  OCTET_DEVICE bool add(int32_t of, int32_t part, bool last, Sums<S>& s) const {
    const int32_t mine = static_cast<int32_t>(block_x()) - begin, count = end - begin;
    const int32_t fan = p.fixed_splits ? count : fan_of(count), group = mine / fan * fan;
    int32_t record = number(mine) + (p.fixed_splits ? of - first_of(mine) : 0);
    uint32_t* counter = p.counters + place(group);
    int32_t from = group, step = 1, members = least_of(fan, count - group);
    OCTET_NO_UNROLL
    for (bool done = part == elements;;) {
      merge.waves(s);
      if (done) return true;
      if (wave_index() == 0) merge.store_record(s, record);
      if (!last || !merge.last_of(counter, members)) return false;
      add_records(from, step, p.fixed_splits ? elements : members, s);
      done = members == count || step > 1;
      record = number(group), counter = p.counters + 2 * p.workgroups + place(0);
      from = 0, step = fan, members = (count + fan - 1) / fan;
    }
  }

 private:
  /// Place of workgroup begin + i.
  OCTET_DEVICE int32_t place(int32_t i) const {
    return (begin + i) * 2 + (i == 0 && share.cut.begin_of(begin) < first ? 1 : 0);
  }
  /// Number of its first record.
  OCTET_DEVICE int32_t number(int32_t i) const { return place(i) * p.block_records; }
  /// First element of the item that it has.
  OCTET_DEVICE int32_t first_of(int32_t i) const {
    return largest_of(share.cut.begin_of(begin + i) - first, 0);
  }
  /// How many parts one workgroup adds up: all, or about as many as there are then sums.
  static OCTET_DEVICE int32_t fan_of(int32_t parts) {
    if (parts <= kMergeFan) return parts;
    int32_t fan = 6;
    while (fan * fan < parts) ++fan;
    return fan;
  }
  /// Wave w adds every fourth from w on: records of workgroups begin + from, and `step` on, or of
  /// all fixed splits.
  OCTET_DEVICE void add_records(int32_t from, int32_t step, int32_t count, Sums<S>& s) const {
    s.clear();
    OCTET_NO_UNROLL
    for (auto i = static_cast<int32_t>(wave_index()); i < count; i += kSplitWaves) {
      const int32_t block =
          p.fixed_splits ? share.cut.block_with(first + i) - begin : from + step * i;
      merge.add_record(s, number(block) + (p.fixed_splits ? i - first_of(block) : 0));
    }
  }
};

}  // namespace octet::ops::attn_decode::hip
