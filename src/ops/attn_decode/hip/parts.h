// Parts of an item, and who adds them up.
//
// Records    a workgroup has places for those of the item that its share begins with, and for those
//            of the others, of which the last alone may outlive it
// Order      parts cut by shares: in order of workgroups, more than kMergeFan first in groups,
//            whose sums take the place of their first part. Fixed splits: in order, all at once.
//            Whoever comes last adds up
#pragma once

#include "src/ops/attn_decode/hip/merge.h"

namespace octet::ops::attn_decode::hip {

template <SplitShape S>
struct Parts {
  const GpuParams& p;
  Cut cut;
  const Merge<S>& merge;
  int32_t first;       // element of the line
  int32_t elements;    // of the item
  int32_t begin, end;  // workgroups

  OCTET_DEVICE Parts(const GpuParams& params, const Cut& of, const Merge<S>& with,
                     int32_t first_element, int32_t count)
      : p(params), cut(of), merge(with), first(first_element), elements(count) {
    begin = cut.block_with(first), end = cut.block_with(first + elements - 1) + 1;
  }

  /// Adds a part: `count` elements of the item from `of` on; `last`: the last that this workgroup
  /// has of it. Whether the item is done: `part` is then the sum of all.
  OCTET_DEVICE bool add(int32_t of, int32_t count, bool last, Part<S>& part) const {
    if (count == elements) return true;
    const bool fixed = p.fixed_splits;
    const int32_t mine = static_cast<int32_t>(block_x()) - begin, blocks = end - begin;
    const int32_t fan = fixed ? blocks : fan_of(blocks), group = mine / fan * fan;
    int32_t record = number(mine) + (fixed ? of - first_of(mine) : 0);
    uint32_t* counter = p.counters + place(group);
    int32_t from = group, step = 1, members = least_of(fan, blocks - group);
    OCTET_NO_UNROLL
    for (;;) {
      merge.store_record(part, record);
      if (!last || !merge.last_of(counter, members)) return false;
      add_records(from, step, fixed ? elements : members, part);
      if (members == blocks || step > 1) return true;
      barrier();  // the records are read, of which the sum takes one's place
      record = number(group), counter = p.counters + 2 * p.workgroups + place(0);
      from = 0, step = fan, members = (blocks + fan - 1) / fan;
    }
  }

 private:
  /// Place of workgroup begin + i.
  OCTET_DEVICE int32_t place(int32_t i) const {
    return (begin + i) * 2 + (i == 0 && cut.begin_of(begin) < first ? 1 : 0);
  }
  /// Number of its first record.
  OCTET_DEVICE int32_t number(int32_t i) const { return place(i) * p.block_records; }
  /// First element of the item that it has.
  OCTET_DEVICE int32_t first_of(int32_t i) const {
    return largest_of(cut.begin_of(begin + i) - first, 0);
  }
  /// How many parts one workgroup adds up: all, or about as many as there are then sums.
  static OCTET_DEVICE int32_t fan_of(int32_t parts) {
    if (parts <= kMergeFan) return parts;
    int32_t fan = 6;
    while (fan * fan < parts) ++fan;
    return fan;
  }
  /// The sum of records: of workgroups begin + from, and `step` on, or of all fixed splits.
  OCTET_DEVICE void add_records(int32_t from, int32_t step, int32_t count, Part<S>& part) const {
    part = Part<S>{-kInfinity, 0, {}};
    OCTET_NO_UNROLL
    for (int32_t i = 0; i < count; ++i) {
      const int32_t block = p.fixed_splits ? cut.block_with(first + i) - begin : from + step * i;
      merge.add_record(part, number(block) + (p.fixed_splits ? i - first_of(block) : 0));
    }
  }
};

}  // namespace octet::ops::attn_decode::hip
