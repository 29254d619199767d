// Who computes which units: all items (a pair of KV head and block of rows, of a sequence) in one
// line, in order of pair, then of sequence, cut into equal shares, one a workgroup. An item without
// a token has one unit, which writes its result.
//
// An element of the line, which no share cuts, is a unit or, where splits are fixed, a split.
#pragma once

#include "src/ops/attn_decode/hip/split_shape.h"
#include "src/ops/attn_decode/hip/view.h"

namespace octet::ops::attn_decode::hip {

struct Item {
  int32_t pair, sequence;
  int32_t length;      // of the sequence
  int32_t first_unit;  // of the sequence, that any of the queries sees
  int32_t units;
  int32_t first_split;
  int32_t elements;

  OCTET_DEVICE int32_t kv_head(const GpuParams& p) const {
    return static_cast<int32_t>(p.by_row_blocks.quotient(static_cast<uint32_t>(pair)));
  }
  OCTET_DEVICE int32_t first_row(const GpuParams& p) const {
    return (pair - kv_head(p) * p.row_blocks) * kSplitRows;
  }
  /// First unit of the sequence that element `of` has.
  OCTET_DEVICE int32_t unit_of(const GpuParams& p, int32_t of) const {
    const int32_t unit = (first_split + of) * static_cast<int32_t>(p.by_split.divisor);
    return least_of(largest_of(unit, first_unit), first_unit + units);
  }
};

OCTET_DEVICE Item item_of(const GpuParams& p, int32_t pair, int32_t sequence) {
  Item item{pair, sequence, length_of(p, sequence), 0, 0, 0, 0};
  item.first_unit = visible(p, item.length, 0).first / kUnit;
  item.units = largest_of((item.length + kUnit - 1) / kUnit - item.first_unit, 1);
  const auto split_of = [&p](int32_t unit) {
    return static_cast<int32_t>(p.by_split.quotient(static_cast<uint32_t>(unit)));
  };
  item.first_split = split_of(item.first_unit);
  item.elements = split_of(item.first_unit + item.units - 1) - item.first_split + 1;
  return item;
}

/// How the line is cut: workgroup b has elements begin_of(b) up to begin_of(b + 1).
struct Cut {
  int32_t each, longer;  // elements of a share; the first `longer` shares have one more

  OCTET_DEVICE int32_t begin_of(int32_t block) const {
    return block * each + least_of(block, longer);
  }
  OCTET_DEVICE int32_t block_with(int32_t element) const {
    const int32_t of_longer = longer * (each + 1);
    return element < of_longer ? element / (each + 1) : longer + (element - of_longer) / each;
  }
};

/// The share of this workgroup: elements of the line, and where in an item it begins.
struct Share {
  int32_t begin, end;
  int32_t pair, sequence, element;
};

struct ShareMemory {
  Cut cut;  // kept here: scalar registers are few
  int32_t of_waves[kSplitWaves];
  int32_t sequence, element;
};

OCTET_DEVICE Cut cut_of(const ShareMemory& memory) {
  return {static_cast<int32_t>(uniform(static_cast<uint32_t>(memory.cut.each))),
          static_cast<int32_t>(uniform(static_cast<uint32_t>(memory.cut.longer)))};
}

/// The sum over the lanes up to this one.
OCTET_DEVICE int32_t scan_lanes(int32_t x) {
  const uint32_t lane = lane_index();
  OCTET_UNROLL
  for (uint32_t step = 1; step < 64; step *= 2) {
    const auto other = static_cast<int32_t>(shuffle(static_cast<uint32_t>(x), lane - step));
    x += lane >= step ? other : 0;
  }
  return x;
}

/// Sequences of a thread, and their elements in a pair.
struct OwnSequences {
  int32_t first, last;
  int32_t before = 0, mine = 0, all = 0;  // elements of threads before, of this one, of all

  OCTET_DEVICE OwnSequences(const GpuParams& p, ShareMemory& memory) {
    const auto thread = static_cast<int32_t>(thread_index());
    const int32_t each = (p.batch + kSplitThreads - 1) / kSplitThreads;
    first = least_of(thread * each, p.batch), last = least_of(first + each, p.batch);
    for (int32_t b = first; b < last; ++b) mine += item_of(p, 0, b).elements;
    const int32_t sum = scan_lanes(mine);
    const auto wave = static_cast<int32_t>(wave_index());
    if (lane_index() == 63) memory.of_waves[wave] = sum;
    barrier();
    before = sum - mine;
    OCTET_UNROLL
    for (int w = 0; w < kSplitWaves; ++w) {
      if (w < wave) before += memory.of_waves[w];
      all += memory.of_waves[w];
    }
    all = static_cast<int32_t>(uniform(static_cast<uint32_t>(all)));
  }
};

/// Finds the share of this workgroup; false where it has none. By all threads.
OCTET_DEVICE bool find_share(const GpuParams& p, ShareMemory& memory, Share& share) {
  const OwnSequences own(p, memory);
  const auto block = static_cast<int32_t>(block_x());
  const int32_t total = own.all * p.pairs;
  const auto worth = static_cast<int32_t>(p.by_least.quotient(static_cast<uint32_t>(total)));
  const int32_t blocks = least_of(p.workgroups, largest_of(worth, 1));
  if (block >= blocks) return false;
  if (block == 0) {
    for (int32_t b = own.first; b < own.last; ++b) check_length(p, b);
  }
  const Cut cut{total / blocks, total % blocks};
  if (thread_index() == 0) memory.cut = cut;
  share.begin = cut.begin_of(block), share.end = cut.begin_of(block + 1);
  share.pair = share.begin / own.all;
  int32_t left = share.begin - share.pair * own.all - own.before;
  if (left >= 0 && left < own.mine) {
    int32_t sequence = own.first;
    for (;; ++sequence) {
      const int32_t elements = item_of(p, 0, sequence).elements;
      if (left < elements) break;
      left -= elements;
    }
    memory.sequence = sequence, memory.element = left;
  }
  barrier();
  share.sequence = static_cast<int32_t>(uniform(static_cast<uint32_t>(memory.sequence)));
  share.element = static_cast<int32_t>(uniform(static_cast<uint32_t>(memory.element)));
  return share.begin < share.end;
}

}  // namespace octet::ops::attn_decode::hip
