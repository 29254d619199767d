// From parts to results: a thread block's warps add up, then thread blocks that share an item, then
// rows are divided and stored. All sums are made in a fixed order.
//
// Sums       of one part, in shared memory: vectors of 4 as registers hold them, by lane; of each row
//            the largest logit and the sum of weights
// Record     the same in memory: vectors, largest logits, sums of weights
// Code       loops, not unrolled: what runs once a launch waits for each of its instructions
#pragma once

#include "src/ops/attn_decode/cuda/attend.cuh"

namespace octet::ops::attn_decode {

template <SplitShape S>
struct Merge {
  static constexpr int kVectors = S.vectors() * 32;
  static constexpr int kAtOnce = 8;  // records under way

  struct Shared {
    float max[kSplitWarps][S.rows()], sum[kSplitWarps][S.rows()];
    float most[S.rows()], all[S.rows()];  // of the part; as a result: factor, denominator
    float next_most[S.rows()], next_all[S.rows()];
    int32_t table[kMergeRun];
    bool last;
  };

  const Sm90Params& p;
  Shared& shared;
  float4* sums;

  /// First of the two rows of a vector.
  static __device__ __forceinline__ int row_of(int vector) {
    return vector / 32 / S.out_tiles() * kRowTile + vector % 4 * 2;
  }
  /// Element of out that its first two values are of; the others are of the next one.
  static __device__ __forceinline__ int element_of(int vector) {
    const int i = vector / 32 % S.out_tiles(), g = vector % 32 / 4;
    if constexpr (S.dim == 256) return i / 8 * 128 + g * 16 + i % 8 * 2;
    return g * (S.dim / 8) + i * 2;
  }
  __device__ __forceinline__ float* record_at(int32_t number) const {
    return p.records + static_cast<int64_t>(number) * S.record();
  }

  /// Adds up the warps.
  __device__ __forceinline__ void warps(Attend<S>& a, float v_scale) const;
  /// Stores the sums as a record.
  __device__ __forceinline__ void store(int32_t number) const;
  /// Adds the `count` records of `table`, to the sums or from nothing.
  __device__ __forceinline__ void records(int count, bool first) const;
  /// Whether this thread block is the last of `count` to arrive.
  __device__ __forceinline__ bool last_of(uint32_t* counter, int32_t count) const;
  /// Divides and stores the rows of an item.
  __device__ __forceinline__ void store_rows(const Walk<S.unit()>& at) const;

 private:
  /// The largest logit and the denominator of a row, of all warps.
  __device__ __forceinline__ void add_row(int row) const {
    float most = -INFINITY, all = 0;
#pragma unroll
    for (int w = 0; w < kSplitWarps; ++w) most = fmaxf(most, shared.max[w][row]);
    const float base = most == -INFINITY ? 0 : most;
#pragma unroll
    for (int w = 0; w < kSplitWarps; ++w) {
      all += shared.sum[w][row] * exp2_of(shared.max[w][row] - base);
    }
    shared.most[row] = most, shared.all[row] = all;
  }
};

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::warps(Attend<S>& a, float v_scale) const {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
#pragma unroll
  for (int r = 0; r < S.row_tiles; ++r) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int row = r * kRowTile + a.c * 2 + h;
      const float sum = sum_of_column(a.sum[r][h]);
      if constexpr (S.token_scales) a.shift[r][h] = sum_of_column(a.shift[r][h]);
      if (a.g == 0) shared.max[warp][row] = a.most[r][h], shared.sum[warp][row] = sum;
    }
  }
  __syncthreads();
  if (threadIdx.x < S.rows()) add_row(threadIdx.x);
  __syncthreads();
  if constexpr (S.token_scales) v_scale = exp2_of(static_cast<float>(a.exponent));
  float weight[S.row_tiles][2];
#pragma unroll
  for (int r = 0; r < S.row_tiles; ++r) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float most = shared.most[r * kRowTile + a.c * 2 + h];
      weight[r][h] = exp2_of(a.most[r][h] - (most == -INFINITY ? 0 : most));
      if constexpr (S.token_scales) a.shift[r][h] *= weight[r][h];
      weight[r][h] *= v_scale;
    }
  }
#pragma unroll 1
  for (int w = 0; w < kSplitWarps; ++w) {  // one after the other: a fixed order
    if (w == warp) {
#pragma unroll
      for (int i = 0; i < S.vectors(); ++i) {
        const int r = i / S.out_tiles();
        const float* x = a.sums[r][i % S.out_tiles()];
        float4& to = sums[i * 32 + lane];
        const float4 old = w == 0 ? float4{0, 0, 0, 0} : to;
        float4 mine{x[0] * weight[r][0], x[1] * weight[r][1], x[2] * weight[r][0],
                    x[3] * weight[r][1]};
        if constexpr (S.token_scales) {
          mine = {mine.x + a.shift[r][0], mine.y + a.shift[r][1], mine.z + a.shift[r][0],
                  mine.w + a.shift[r][1]};
        }
        to = {old.x + mine.x, old.y + mine.y, old.z + mine.z, old.w + mine.w};
      }
    }
    __syncthreads();
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::store(int32_t number) const {
  float* const record = record_at(number);
#pragma unroll 1
  for (int v = threadIdx.x; v < kVectors; v += kSplitThreads) {
    __stcg(reinterpret_cast<float4*>(record) + v, sums[v]);
  }
  if (threadIdx.x < S.rows()) {
    __stcg(record + S.rows() * S.dim + threadIdx.x, shared.most[threadIdx.x]);
    __stcg(record + S.rows() * (S.dim + 1) + threadIdx.x, shared.all[threadIdx.x]);
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::records(int count, bool first) const {
#pragma unroll 1
  for (int v = threadIdx.x; v < kVectors; v += kSplitThreads) {
    const int row = row_of(v);
    const float2 none{0, 0};
    float2 max{first ? -INFINITY : shared.most[row], first ? -INFINITY : shared.most[row + 1]};
    float2 sum = first ? none : float2{shared.all[row], shared.all[row + 1]};
    float4 values = first ? float4{0, 0, 0, 0} : sums[v];
#pragma unroll 1
    for (int from = 0; from < count; from += kAtOnce) {
      float2 max_of[kAtOnce], sum_of[kAtOnce];
      float4 values_of[kAtOnce];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        const float* record = record_at(shared.table[min(from + i, count - 1)]);
        const float* of_rows = record + S.rows() * S.dim + row;
        max_of[i] = __ldcg(reinterpret_cast<const float2*>(of_rows));
        sum_of[i] = __ldcg(reinterpret_cast<const float2*>(of_rows + S.rows()));
        values_of[i] = __ldcg(reinterpret_cast<const float4*>(record) + v);
      }
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        if (from + i >= count) break;
        const float2 next{fmaxf(max.x, max_of[i].x), fmaxf(max.y, max_of[i].y)};
        const float2 base{next.x == -INFINITY ? 0 : next.x, next.y == -INFINITY ? 0 : next.y};
        const float2 old{exp2_of(max.x - base.x), exp2_of(max.y - base.y)};
        const float2 add{exp2_of(max_of[i].x - base.x), exp2_of(max_of[i].y - base.y)};
        const float4 x = values_of[i];
        sum = {sum.x * old.x + sum_of[i].x * add.x, sum.y * old.y + sum_of[i].y * add.y};
        values = {values.x * old.x + x.x * add.x, values.y * old.y + x.y * add.y,
                  values.z * old.x + x.z * add.x, values.w * old.y + x.w * add.y};
        max = next;
      }
    }
    sums[v] = values;
    if (element_of(v) == 0) {
      shared.next_most[row] = max.x, shared.next_most[row + 1] = max.y;
      shared.next_all[row] = sum.x, shared.next_all[row + 1] = sum.y;
    }
  }
  __syncthreads();  // the rows' old state is read
  if (threadIdx.x < S.rows()) {
    shared.most[threadIdx.x] = shared.next_most[threadIdx.x];
    shared.all[threadIdx.x] = shared.next_all[threadIdx.x];
  }
  __syncthreads();
}

template <SplitShape S>
__device__ __forceinline__ bool Merge<S>::last_of(uint32_t* counter, int32_t count) const {
  __syncthreads();  // the record is stored
  if (threadIdx.x == 0) {
    __threadfence();
    shared.last = atomicAdd(counter, 1) == static_cast<uint32_t>(count) - 1;
    if (shared.last) *counter = 0;  // for the next launch
    __threadfence();
  }
  __syncthreads();
  return shared.last;
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::store_rows(const Walk<S.unit()>& at) const {
  const int32_t kv_head = head_of(p, at.pair);
  const int32_t first_row = first_row_of<S>(p, at.pair);
  if (threadIdx.x < S.rows() && first_row + threadIdx.x < p.rows) {
    const RowAt to = row_at(p, at.sequence, kv_head, first_row + threadIdx.x);
    // Weights are 2^kLift times their size.
    const Denominator d =
        denominator(p, to.head, shared.most[threadIdx.x] - kLift, shared.all[threadIdx.x]);
    shared.most[threadIdx.x] = d.weight, shared.all[threadIdx.x] = d.all;
    store_lse(p, to, d.lse);
  }
  __syncthreads();
#pragma unroll 1
  for (int i = threadIdx.x; i < kVectors * 2; i += kSplitThreads) {
    const int v = i / 2, h = i % 2, row = row_of(v) + h;
    if (first_row + row >= p.rows) continue;
    const RowAt to = row_at(p, at.sequence, kv_head, first_row + row);
    const Denominator d{shared.most[row], shared.all[row], 0};
    const float4 x = sums[v];
    store_pair(p, out_index(p, to) + element_of(v), d.divide(h == 0 ? x.x : x.y),
               d.divide(h == 0 ? x.z : x.w));
  }
  __syncthreads();  // the sums are read
}

}  // namespace octet::ops::attn_decode
