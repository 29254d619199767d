// Who computes which units: all items in one line, in order of KV head and rows of q, then of sequence,
// cut into equal shares. An item without a token has one unit, which writes its result. Where shares
// do not fit items, an item's place in the line begins with elements that are no units: what its end
// costs a thread block that has another item, too.
//
// Why heads first: thread blocks of all heads then pass the same tokens at about the same time, whose
// rows lie side by side in a (tokens, heads) cache, so memory may find its pages open.
//
// An element of the line, which no share cuts, is a unit or, where splits are fixed, a split.
#pragma once

#include "src/ops/attn_decode/cuda/even_cut.h"
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
  int32_t begin, end;  // elements; begin: of the first unit
  int32_t item_cost;   // of each item
  EvenCut cut;
};

/// A share as runs of units that warps take together, each of one item: as far as item and share
/// go or, where splits are fixed, one of them.
template <SplitShape S>
struct Runs {
  Walk<S.unit()> at;
  int32_t element;  // of the line
  int32_t left;     // elements of the share, this run's too
  int32_t item_cost;
  int32_t count;    // units of the run
  int32_t turn;     // the warp that has the first of them

  __device__ __forceinline__ Runs(const Sm90Params& p, const Share<S>& share)
      : at(share.at),
        element(share.begin),
        left(share.end - share.begin),
        item_cost(share.item_cost),
        turn(0) {
    measure(p);
  }
  __device__ __forceinline__ bool next(const Sm90Params& p) {
    left -= elements(p), element += elements(p);
    if (left <= 0) return false;
    if (!p.fixed_splits) turn = (turn + count) % S.warps;
    const bool another = ends();
    at.advance(p, count);
    if (another) {
      left -= item_cost, element += item_cost;
      if (left <= 0) return false;
    }
    measure(p);
    return true;
  }
  /// Whether it is the last one of its item.
  __device__ __forceinline__ bool ends() const { return at.unit + count == at.units; }
  /// Whether it is the last one of the share.
  __device__ __forceinline__ bool last(const Sm90Params& p) const {
    return left - elements(p) <= (ends() ? item_cost : 0);
  }

 private:
  __device__ __forceinline__ int32_t elements(const Sm90Params& p) const {
    return !p.fixed_splits ? count : 1;
  }
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
  const int32_t each = quotient(total, blocks);
  const auto shares = static_cast<float>(blocks);
  const uint32_t of_share = __float2uint_rn(__fdividef(0x1p32f, shares));  // to 2^-22 of it
  share.cut = {each, total - each * blocks, of_share + (of_share >> 21) + 8,
               __fdividef(shares, static_cast<float>(total))};
  share.begin = share.cut.begin_of(share.number), share.end = share.cut.begin_of(share.number + 1);
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
  int32_t item_cost = 0;
  Walk<S.unit()> walk{};         // in the last of them
  int32_t mine = 0, before = 0;  // elements of them; of those of other threads before them
  int32_t all = 0;               // of all
  bool alike = true;             // the thread's are as long as the first of all

  __device__ __forceinline__ explicit Lengths(const Sm90Params& params) : p(params), of(params) {}
  __device__ __forceinline__ void measure(int32_t cost, int32_t* of_warps) {
    item_cost = cost, mine = 0;
    const int32_t length = length_of(p, 0);
#pragma unroll 1
    for (int32_t b = of.first; b < of.last; ++b) {
      walk.enter(p, b);
      mine += elements();
      alike = alike && walk.length == length;
    }
    before = scan(mine, all);
    if (!of.few) add_warps(of_warps);
  }
  __device__ __forceinline__ int32_t elements() const {
    return walk.elements(p) + item_cost;
  }
  __device__ __forceinline__ bool all_alike() const {
    if (p.seqlens == nullptr) return true;
    return of.few ? __all_sync(0xffffffff, alike) : __syncthreads_and(alike) != 0;
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
    const int32_t in_item = element - before - item_cost;
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

/// Thread blocks that a line is worth, and whether their shares fit its items: none begins within an
/// item but where it has whole shares of one alone.
struct Blocks {
  int32_t count;
  bool fit;
};
/// Of `total` elements of items of one length, or of any.
__device__ __forceinline__ Blocks blocks_of(const Sm90Params& p, int32_t total, bool alike) {
  const int32_t most = static_cast<int32_t>(gridDim.x), worth = p.by_least.quotient(total);
  const auto items = static_cast<int32_t>(p.by_items.divisor);
  if (worth >= most) return {most, alike && p.grid_fits};
  if (p.fixed_splits) return {max(worth, 1), false};
  if (worth <= items) return {min(items, most), alike && (items <= most || p.grid_fits)};
  return {alike ? static_cast<int32_t>(p.by_items.quotient(worth)) * items : worth, alike};
}

/// find_share of a call of several sequences, or of items that shares do not fit.
template <SplitShape S>
__device__ __forceinline__ bool find_share_of_many(const Sm90Params& p, Share<S>& share,
                                                   int32_t* of_warps, Share<S>& mine) {
  Lengths<S> own(p);
  Blocks blocks{};
  mine.item_cost = 0;
#pragma unroll 1
  for (bool again = false;; again = true) {
    own.measure(mine.item_cost, of_warps);
    const int32_t total = own.all * p.pairs;
    if (!again) {
      blocks = blocks_of(p, total, own.all_alike());
      if (blockIdx.x >= blocks.count) return false;
    }
    cut_line(total, blocks.count, mine);
    if (again || p.item_cost == 0 || blocks.fit) break;
    mine.item_cost = min(p.item_cost, mine.cut.each - mine.cut.each / 4);  // not most of a small share
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
/// none. By all threads; `share` is there after their next barrier. Every thread finds the share of
/// a call of one sequence alone.
template <SplitShape S>
__device__ __forceinline__ bool find_share(const Sm90Params& p, Share<S>& share, int32_t* of_warps,
                                           Share<S>& mine) {
  if (p.batch == 1) {
    mine.at.enter(p, 0);
    const int32_t all = mine.at.elements(p), total = all * p.pairs;
    const Blocks blocks = blocks_of(p, total, true);
    if (blockIdx.x >= blocks.count) return false;
    if (p.item_cost == 0 || blocks.fit) {
      mine.item_cost = 0;
      cut_line(total, blocks.count, mine);
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
