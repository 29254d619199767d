// Who computes which units: units of all items in one line, in order of sequence, KV head and rows
// of q, cut into equal shares. An item without a token has one unit, which writes its result.
#pragma once

#include "src/ops/attn_decode/cuda/split_shape.h"
#include "src/ops/attn_decode/cuda/view.cuh"

namespace octet::ops::attn_decode {

/// A place in that line.
struct Walk {
  int32_t sequence, pair;  // pair: KV head and row block of the sequence
  int32_t unit, units;     // of the item
  int32_t length;
  Tokens tokens;  // that any of its queries sees

  template <int kUnit>
  __device__ __forceinline__ void enter(const Sm90Params& p, int32_t at) {
    sequence = at;
    length = at < p.batch ? length_of(p, at) : 0;
    tokens = {visible(p, length, 0).first, length};
    units = max((tokens.last + kUnit - 1) / kUnit - tokens.first / kUnit, 1);
  }
  template <int kUnit>
  __device__ __forceinline__ void advance(const Sm90Params& p, int32_t by) {
    unit += by;
    while (unit >= units) {
      unit -= units;
      if (++pair < p.kv_heads * p.row_blocks) continue;
      pair = 0;
      enter<kUnit>(p, sequence + 1);
    }
  }
  /// First token of the unit.
  template <int kUnit>
  __device__ __forceinline__ int32_t first() const {
    return (tokens.first / kUnit + unit) * kUnit;
  }
};

/// The share of a thread block, and what the line looks like.
struct Share {
  Walk at;
  int64_t begin, end, total;
  uint32_t blocks;  // that have a share

  __device__ __forceinline__ int64_t begin_of(uint32_t block) const {
    return static_cast<int64_t>(static_cast<uint64_t>(total) * block / blocks);
  }
  /// The block whose share holds `unit`.
  __device__ __forceinline__ uint32_t block_with(int64_t unit) const {
    return static_cast<uint32_t>((static_cast<uint64_t>(unit + 1) * blocks - 1) /
                                 static_cast<uint64_t>(total));
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

/// Sets `share`, in shared memory, to that of this thread block; false where it has none. By all
/// threads; a thread has some sequences.
template <int kUnit>
__device__ __forceinline__ bool find_share(const Sm90Params& p, Share& share, int64_t* of_warps) {
  const int32_t each = (p.batch + kSplitThreads - 1) / kSplitThreads;
  const int32_t first = static_cast<int32_t>(threadIdx.x) * each;
  const int32_t last = min(first + each, p.batch);
  const int64_t pairs = int64_t{p.kv_heads} * p.row_blocks;
  Walk walk{};
  int64_t mine = 0;
  for (int32_t b = first; b < last; ++b) {
    walk.enter<kUnit>(p, b);
    mine += walk.units * pairs;
  }
  int64_t total;
  int64_t at = scan(mine, of_warps, total);
  const int64_t most = max(total / p.least_units, int64_t{1});
  const auto blocks = static_cast<uint32_t>(min(most, static_cast<int64_t>(gridDim.x)));
  if (blockIdx.x >= blocks) return false;
  const Share bounds{{}, 0, 0, total, blocks};
  const int64_t begin = bounds.begin_of(blockIdx.x);
  if (begin >= at && begin < at + mine) {
    int32_t b = first;
    for (;; ++b) {
      walk.enter<kUnit>(p, b);
      if (begin < at + walk.units * pairs) break;
      at += walk.units * pairs;
    }
    walk.pair = static_cast<int32_t>((begin - at) / walk.units);
    walk.unit = static_cast<int32_t>((begin - at) % walk.units);
    share = {walk, begin, bounds.begin_of(blockIdx.x + 1), total, blocks};
  }
  __syncthreads();
  return true;
}

}  // namespace octet::ops::attn_decode
