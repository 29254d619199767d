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
template <int kUnit>
struct Share {
  Walk<kUnit> at;
  int64_t begin, end;  // elements
  int64_t each;        // elements of a share; `longer` shares have one more, and come first
  int32_t longer;
  float share_of_element;  // 1 / each

  __device__ __forceinline__ int64_t begin_of(int32_t block) const {
    return block * each + min(block, longer);
  }
  /// The block whose share holds `element`.
  __device__ __forceinline__ int32_t block_with(int64_t element) const {
    auto block = static_cast<int32_t>(static_cast<float>(element) * share_of_element);
    while (begin_of(block) > element) --block;
    while (begin_of(block + 1) <= element) ++block;
    return block;
  }
};

/// A share as runs of units that warps take together, each of one item: as far as item and share
/// go or, where splits are fixed, one of them.
template <int kUnit>
struct Runs {
  Walk<kUnit> at;
  int64_t element;  // of the line
  int32_t left;     // elements of the share, this run's too
  int32_t count;    // units of the run
  int32_t turn;     // the warp that has the first of them

  __device__ __forceinline__ Runs(const Sm90Params& p, const Share<kUnit>& share)
      : at(share.at),
        element(share.begin),
        left(static_cast<int32_t>(share.end - share.begin)),
        turn(0) {
    measure(p);
  }
  __device__ __forceinline__ bool next(const Sm90Params& p) {
    const int32_t elements = !p.fixed_splits ? count : 1;
    left -= elements, element += elements;
    if (left <= 0) return false;
    if (!p.fixed_splits) turn = (turn + count) % kSplitWarps;
    at.advance(p, count);
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

/// The sum of `x` over the threads before this one, and over all.
__device__ __forceinline__ int64_t scan(int64_t x, int64_t* of_warps, int64_t& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int64_t sum = x;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const int64_t other = __shfl_up_sync(0xffffffff, sum, step);
    if (lane >= step) sum += other;
  }
  if (lane == 31) of_warps[warp] = sum;
  __syncthreads();
  int64_t before = sum - x;
  all = 0;
#pragma unroll
  for (int w = 0; w < kSplitWarps; ++w) {
    if (w < warp) before += of_warps[w];
    all += of_warps[w];
  }
  return before;
}

/// a / b, rounded down. Why not the operator: it takes some hundred instructions, and a kernel's
/// first pass waits for every one of them.
__device__ __forceinline__ int64_t quotient(int64_t a, int64_t b) {
  const float part = 1.0f / static_cast<float>(b);
  int64_t whole = 0;
#pragma unroll 1
  for (int64_t left = a; left >= b || left < 0; left = a - whole * b) {
    const auto step = static_cast<int64_t>(static_cast<float>(left) * part);
    whole += left < 0 ? min(step, int64_t{-1}) : max(step, int64_t{1});
  }
  return whole;
}

/// Sets `share`, in shared memory, to that of this thread block; false where it has none. By all
/// threads; a thread has some sequences.
template <int kUnit>
__device__ __forceinline__ bool find_share(const Sm90Params& p, Share<kUnit>& share,
                                           int64_t* of_warps) {
  const int32_t each = (p.batch + kSplitThreads - 1) / kSplitThreads;
  const int32_t first = static_cast<int32_t>(threadIdx.x) * each;
  const int32_t last = min(first + each, p.batch);
  Walk<kUnit> walk{};
  int64_t mine = 0;
#pragma unroll 1
  for (int32_t b = first; b < last; ++b) {
    walk.enter(p, b);
    mine += walk.elements(p);
    if (blockIdx.x == 0) check_length(p, b);
  }
  int64_t of_pair;
  int64_t at = scan(mine, of_warps, of_pair);
  const int64_t total = of_pair * p.kv_heads * p.row_blocks;
  const auto grid = static_cast<int32_t>(gridDim.x);
  int32_t blocks = grid;
  if (total < int64_t{grid} * p.least_elements) {
    blocks = max(static_cast<int32_t>(total) / p.least_elements, 1);
  }
  if (blockIdx.x >= blocks) return false;
  Share<kUnit> own;
  own.each = quotient(total, blocks);
  own.longer = static_cast<int32_t>(total - own.each * blocks);
  own.share_of_element = 1.0f / static_cast<float>(own.each);
  own.begin = own.begin_of(blockIdx.x), own.end = own.begin_of(blockIdx.x + 1);
  const auto pair = static_cast<int32_t>(quotient(own.begin, of_pair));
  const int64_t in_pair = own.begin - pair * of_pair;
  if (in_pair >= at && in_pair < at + mine) {
#pragma unroll 1
    for (int32_t b = first;; ++b) {
      walk.enter(p, b);
      if (in_pair < at + walk.elements(p)) break;
      at += walk.elements(p);
    }
    walk.pair = pair;
    walk.unit = walk.unit_of(p, static_cast<int32_t>(in_pair - at));
    own.at = walk;
    share = own;
  }
  __syncthreads();
  return true;
}

}  // namespace octet::ops::attn_decode
