// Who computes which units: all items in one line, in order of KV head and rows of q, then of sequence,
// cut into equal shares. An item without a token has one unit, which writes its result.
//
// Why heads first: thread blocks of all heads then pass the same tokens at about the same time, whose
// rows lie side by side in a (tokens, heads) cache, so memory may find its pages open.
//
// An element of the line, which no share cuts, is a unit or, where splits are fixed, a split.
#pragma once

#include "src/ops/attn_decode/cuda/split_shape.h"
#include "src/ops/attn_decode/cuda/view.cuh"

namespace octet::ops::attn_decode {

/// KV head, and first row of q, of a pair.
__device__ __forceinline__ int32_t head_of(const Sm90Params& p, int32_t pair) {
  return p.by_row_blocks.quotient(pair);
}
template <SplitShape S>
__device__ __forceinline__ int32_t first_row_of(const Sm90Params& p, int32_t pair) {
  return (pair - head_of(p, pair) * p.row_blocks) * S.rows();
}

/// A place in the line.
template <int kUnit>
struct Walk {
  int32_t pair, sequence;  // pair: KV head and row block
  int32_t unit, units;     // of the item
  int32_t length;
  Tokens tokens;  // that any of its queries sees

  __device__ __forceinline__ void enter(const Sm90Params& p, int32_t at) {
    sequence = at;
    length = length_of(p, at);
    tokens = {visible(p, length, 0).first, length};
    units = max((tokens.last + kUnit - 1) / kUnit - first_unit(), 1);
  }
  /// Units of the sequence that no query sees.
  __device__ __forceinline__ int32_t first_unit() const { return tokens.first / kUnit; }
  /// First token of unit `of` of the item.
  __device__ __forceinline__ int32_t first(int32_t of) const {
    return (first_unit() + of) * kUnit;
  }

  /// What the end of a short item costs, in elements: its place in the line begins with as many that
  /// are no units.
  __device__ __forceinline__ int32_t cost(const Sm90Params& p, int32_t short_units) const {
    return units <= short_units ? p.item_cost : 0;
  }

  /// Elements of the item before unit `of`.
  __device__ __forceinline__ int32_t element(const Sm90Params& p, int32_t of) const {
    return p.by_split.quotient(first_unit() + of) - p.by_split.quotient(first_unit());
  }
  __device__ __forceinline__ int32_t elements(const Sm90Params& p) const {
    return element(p, units - 1) + 1;
  }
  /// First unit of an element.
  __device__ __forceinline__ int32_t unit_of(const Sm90Params& p, int32_t of) const {
    const int32_t split = p.by_split.quotient(first_unit()) + of;
    return max(split * static_cast<int32_t>(p.by_split.divisor) - first_unit(), 0);
  }

  /// Goes on by `by` units, not beyond the next item's begin.
  __device__ __forceinline__ void advance(const Sm90Params& p, int32_t by) {
    unit += by;
    if (unit < units) return;
    unit = 0;
    const bool wraps = sequence + 1 == p.batch;
    pair += wraps ? 1 : 0;
    enter(p, wraps ? 0 : sequence + 1);
  }
};

/// The share of a thread block, and what the line looks like.
template <SplitShape S>
struct Share {
  Walk<S.unit()> at;
  int32_t number;      // of the thread block
  int32_t begin, end;   // elements; begin: of the first unit
  int32_t short_units;  // of an item that has a cost
  int32_t each;         // elements of a share; `longer` shares have one more, and come first
  int32_t longer;
  float share_of_element;  // 1 / each

  __device__ __forceinline__ int32_t begin_of(int32_t block) const {
    return block * each + min(block, longer);
  }
  /// The share that holds `element`.
  __device__ __forceinline__ int32_t block_with(int32_t element) const {
    // Right to one, of shares of `each` and of longer ones.
    auto block = static_cast<int32_t>(static_cast<float>(element - longer) * share_of_element);
    if (block < longer) {
      block = static_cast<int32_t>(
          __fdividef(static_cast<float>(element), static_cast<float>(each + 1)));
    }
    while (begin_of(block) > element) --block;
    while (begin_of(block + 1) <= element) ++block;
    return block;
  }
};

/// A share as runs of units that warps take together, each of one item: as far as item and share
/// go or, where splits are fixed, one of them.
template <SplitShape S>
struct Runs {
  Walk<S.unit()> at;
  int32_t element;  // of the line
  int32_t left;     // elements of the share, this run's too
  int32_t short_units;
  int32_t count;    // units of the run
  int32_t turn;     // the warp that has the first of them

  __device__ __forceinline__ Runs(const Sm90Params& p, const Share<S>& share)
      : at(share.at),
        element(share.begin),
        left(share.end - share.begin),
        short_units(share.short_units),
        turn(0) {
    measure(p);
  }
  __device__ __forceinline__ bool next(const Sm90Params& p) {
    const int32_t elements = !p.fixed_splits ? count : 1;
    left -= elements, element += elements;
    if (left <= 0) return false;
    if (!p.fixed_splits) turn = (turn + count) % S.warps;
    const bool another = ends();
    at.advance(p, count);
    if (another) {
      const int32_t cost = at.cost(p, short_units);
      left -= cost, element += cost;
      if (left <= 0) return false;
    }
    measure(p);
    return true;
  }
  /// Whether it is the last one of its item.
  __device__ __forceinline__ bool ends() const { return at.unit + count == at.units; }

 private:
  __device__ __forceinline__ void measure(const Sm90Params& p) {
    count = at.units - at.unit;
    if (!p.fixed_splits) {
      count = min(count, left);
    } else {
      count = min(count, at.unit_of(p, at.element(p, at.unit) + 1) - at.unit);
    }
  }
};

/// The sum of `x` over the lanes before this one, and over all.
__device__ __forceinline__ int32_t scan(int32_t x, int32_t& all) {
  int32_t sum = x;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const int32_t other = __shfl_up_sync(0xffffffff, sum, step);
    if (static_cast<int>(threadIdx.x % 32) >= step) sum += other;
  }
  all = __shfl_sync(0xffffffff, sum, 31);
  return sum - x;
}

/// a / b, rounded down; neither negative. Why not the operator: a kernel's first pass waits for
/// every instruction of it, and here two steps by a rounded reciprocal are right to one.
__device__ __forceinline__ int32_t quotient(int32_t a, int32_t b) {
  const float part = __fdividef(1.0f, static_cast<float>(b));
  int32_t whole = __float2int_rd(static_cast<float>(a) * part);
  whole += __float2int_rd(static_cast<float>(a - whole * b) * part);
  const int32_t left = a - whole * b;
  return whole + (left >= b ? 1 : 0) - (left < 0 ? 1 : 0);
}

/// Cuts a line of `total` elements for `blocks` thread blocks.
template <SplitShape S>
__device__ __forceinline__ void cut_line(int32_t total, int32_t blocks, Share<S>& share) {
  share.number = static_cast<int32_t>(blockIdx.x);
  share.each = quotient(total, blocks);
  share.longer = total - share.each * blocks;
  share.share_of_element = __fdividef(1.0f, static_cast<float>(share.each));
  share.begin = share.begin_of(share.number), share.end = share.begin_of(share.number + 1);
}

/// The sequences of a thread, or of a lane where there are few: the same in each warp then.
template <SplitShape S>
struct Sequences {
  int32_t first, last;
  bool few;  // up to 32

  __device__ __forceinline__ explicit Sequences(const Sm90Params& p) : few(p.batch <= 32) {
    const auto thread = static_cast<int32_t>(few ? threadIdx.x % 32 : threadIdx.x);
    const int32_t each = few ? 1 : (p.batch + S.threads() - 1) / S.threads();
    first = min(thread * each, p.batch), last = min(first + each, p.batch);
  }
};

/// The elements of a thread's sequences, of one pair.
template <SplitShape S>
struct Lengths {
  const Sm90Params& p;
  const Sequences<S> of;
  int32_t short_units = 0;
  Walk<S.unit()> walk{};                // in the last of them
  int32_t mine = 0, before = 0;      // elements of them; of those of other threads before them
  int32_t all = 0, shortest = 0;     // of all; units of the thread's shortest item

  __device__ __forceinline__ explicit Lengths(const Sm90Params& params) : p(params), of(params) {}
  __device__ __forceinline__ void measure(int32_t short_items, int32_t* of_warps) {
    short_units = short_items, mine = 0, shortest = INT32_MAX;
#pragma unroll 1
    for (int32_t b = of.first; b < of.last; ++b) {
      walk.enter(p, b);
      mine += elements();
      shortest = min(shortest, walk.units);
    }
    before = scan(mine, all);
    if (!of.few) add_warps(of_warps);
  }
  __device__ __forceinline__ int32_t elements() const {
    return walk.elements(p) + walk.cost(p, short_units);
  }
  __device__ __forceinline__ bool hold(int32_t element) const {
    return element >= before && element < before + mine;
  }
  /// Leads the walk to an element that they hold. How far its unit is from there.
  __device__ __forceinline__ int32_t lead(int32_t element) {
    if (of.last - of.first > 1) {
#pragma unroll 1
      for (int32_t b = of.first;; ++b) {
        walk.enter(p, b);
        if (element < before + elements()) break;
        before += elements();
      }
    }
    const int32_t in_item = element - before - walk.cost(p, short_units);
    walk.unit = walk.unit_of(p, max(in_item, 0));
    return max(-in_item, 0);
  }

 private:
  __device__ __forceinline__ void add_warps(int32_t* of_warps) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    if (lane == 0) of_warps[warp] = all;
    __syncthreads();
    all = 0;
#pragma unroll
    for (int w = 0; w < S.warps; ++w) {
      if (w < warp) before += of_warps[w];
      all += of_warps[w];
    }
    __syncthreads();
  }
};

/// Thread blocks that a line of `total` elements is worth.
__device__ __forceinline__ int32_t blocks_of(const Sm90Params& p, int32_t total) {
  return min(static_cast<int32_t>(gridDim.x), max(p.by_least.quotient(total), 1));
}

/// find_share of a call of several sequences, or of short items.
template <SplitShape S>
__device__ __forceinline__ bool find_share_of_many(const Sm90Params& p, Share<S>& share,
                                                   int32_t* of_warps, Share<S>& mine) {
  Lengths<S> own(p);
  int32_t blocks = 0;
  mine.short_units = 0;
#pragma unroll 1
  for (bool again = false;;) {
    own.measure(mine.short_units, of_warps);
    const int32_t total = own.all * p.pairs;
    if (!again) {
      blocks = blocks_of(p, total);
      if (blockIdx.x >= blocks) return false;
    }
    cut_line(total, blocks, mine);
    const bool some = !again && p.item_cost > 0 && own.shortest < mine.each / 2;
    again = own.of.few ? __any_sync(0xffffffff, some) : __syncthreads_or(some);
    if (!again) break;
    mine.short_units = mine.each / 2;
  }
  if (blockIdx.x == 0) {
    for (int32_t b = own.of.first; b < own.of.last; ++b) check_length(p, b);
  }
  const int32_t pair = quotient(mine.begin, own.all);
  const int32_t in_pair = mine.begin - pair * own.all;
  if (own.hold(in_pair) && (!own.of.few || threadIdx.x < 32)) {
    mine.begin += own.lead(in_pair);
    mine.at = own.walk;
    mine.at.pair = pair;
    share = mine;
  }
  __syncthreads();
  mine = share;
  return share.begin < share.end;
}

/// Sets `mine`, and `share` in shared memory, to that of this thread block; false where it has
/// none. By all threads; `share` is there after their next barrier. An item that is less than half
/// a share is short. Every thread finds the share of a call of one sequence alone.
template <SplitShape S>
__device__ __forceinline__ bool find_share(const Sm90Params& p, Share<S>& share, int32_t* of_warps,
                                           Share<S>& mine) {
  if (p.batch == 1) {
    mine.at.enter(p, 0);
    const int32_t all = mine.at.elements(p), total = all * p.pairs;
    const int32_t blocks = blocks_of(p, total);
    if (blockIdx.x >= blocks) return false;
    mine.short_units = 0;
    cut_line(total, blocks, mine);
    if (p.item_cost == 0 || mine.at.units >= mine.each / 2) {
      if (blockIdx.x == 0 && threadIdx.x == 0) check_length(p, 0);
      mine.at.pair = quotient(mine.begin, all);
      mine.at.unit = mine.at.unit_of(p, mine.begin - mine.at.pair * all);
      if (threadIdx.x == 0) share = mine;
      return mine.begin < mine.end;
    }
  }
  return find_share_of_many(p, share, of_warps, mine);
}

}  // namespace octet::ops::attn_decode
