// From parts to results: a thread block's warps add up, then thread blocks that share an item, then
// rows are divided and stored. All sums are made in a fixed order.
//
// Record     a part: its sums as registers hold them, vectors of 4 by lane; then the largest logit
//            and the sum of weights of each row
// Order      parts of an item in order of thread blocks; more than kMergeFan first in groups, whose
//            results take the place of their first part. Whoever comes last adds up
#pragma once

#include "src/ops/attn_decode/cuda/attend.cuh"

namespace octet::ops::attn_decode {

/// Sums of one or more parts in a thread: its vectors, and of the two rows of each the largest logit
/// and the sum of weights.
template <SplitShape S>
struct Part {
  static constexpr int kVectors = S.sums() / 4;  // of a lane
  static constexpr int kEach = (kVectors * 32 + kSplitThreads - 1) / kSplitThreads;  // of a thread
  float4 values[kEach];
  float2 max[kEach], sum[kEach];

  /// Number of a vector in a record: 32 times its number in a lane, and the lane.
  static __device__ __forceinline__ int at(int e) { return e * kSplitThreads + threadIdx.x; }
  static __device__ __forceinline__ bool has(int e) { return at(e) < kVectors * 32; }
  /// First of the two rows of a vector.
  static __device__ __forceinline__ int row(int e) {
    return at(e) / 32 / S.out_tiles() * kRowTile + at(e) % 4 * 2;
  }
  /// Element of out that its first two values are of; the others are of the next one.
  static __device__ __forceinline__ int element(int e) {
    const int i = at(e) / 32 % S.out_tiles(), g = at(e) % 32 / 4;
    if constexpr (S.dim == 256) return i / 8 * 128 + g * 16 + i % 8 * 2;
    return g * (S.dim / 8) + i * 2;
  }
  /// Whether no other vector has the same rows.
  static __device__ __forceinline__ bool leads(int e) { return element(e) == 0; }
};

template <SplitShape S>
struct Merge {
  static constexpr int kRound = S.round() / 4;  // vectors of a lane that warps add up at once
  static constexpr int kRecordsAtOnce = 8;

  struct Shared {
    float max[kSplitWarps][S.rows()], sum[kSplitWarps][S.rows()];
    float most[S.rows()], all[S.rows()];  // of all warps
    bool last;
  };

  const Sm90Params& p;
  Shared& shared;
  float4* vectors;  // (warp, kRound, lane)

  /// Adds up the warps.
  __device__ __forceinline__ void warps(Attend<S>& a, float v_scale, Part<S>& part) const;
  /// The denominator of a row.
  __device__ __forceinline__ void add_rows(int row) const {
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
  __device__ __forceinline__ float* record_at(int32_t number) const {
    return p.records + static_cast<int64_t>(number) * S.record();
  }
  /// As a record.
  __device__ __forceinline__ void store(const Part<S>& part, int32_t number) const;
  /// Adds up `count` records, numbers in `table`.
  __device__ __forceinline__ void records(int count, const int32_t* table, Part<S>& part) const;
  /// Whether this thread block is the last of `count` to arrive.
  __device__ __forceinline__ bool last_of(uint32_t* counter, int32_t count) const;
  /// Divides and stores rows of an item, which has no other part.
  __device__ __forceinline__ void store_rows(const Walk<S.unit()>& at, const Part<S>& part) const;
};

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::warps(Attend<S>& a, float v_scale, Part<S>& part) const {
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
  if (threadIdx.x < S.rows()) add_rows(threadIdx.x);
  __syncthreads();
  if constexpr (S.token_scales) v_scale = exp2_of(static_cast<float>(a.exponent));
#pragma unroll
  for (int r = 0; r < S.row_tiles; ++r) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float most = shared.most[r * kRowTile + a.c * 2 + h];
      const float weight = exp2_of(a.most[r][h] - (most == -INFINITY ? 0 : most));
      const float shift = S.token_scales ? a.shift[r][h] * weight : 0;
#pragma unroll
      for (int i = 0; i < S.out_tiles(); ++i) {
#pragma unroll
        for (int e = h; e < 4; e += 2) {
          a.sums[r][i][e] = a.sums[r][i][e] * (weight * v_scale) + shift;
        }
      }
    }
  }
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    const int row = Part<S>::row(e) % S.rows();
    part.max[e] = {shared.most[row], shared.most[row + 1]};
    part.sum[e] = {shared.all[row], shared.all[row + 1]};
  }
#pragma unroll
  for (int round = 0; round < Part<S>::kVectors / kRound; ++round) {
    if (round > 0) __syncthreads();
#pragma unroll
    for (int k = 0; k < kRound; ++k) {
      const int vector = round * kRound + k;
      const float* from = a.sums[vector / S.out_tiles()][vector % S.out_tiles()];
      vectors[(warp * kRound + k) * 32 + lane] = {from[0], from[1], from[2], from[3]};
    }
    __syncthreads();
#pragma unroll
    for (int e = 0; e < Part<S>::kEach; ++e) {
      const int at = Part<S>::at(e) - round * kRound * 32;
      if (at < 0 || at >= kRound * 32) continue;
      float4 all{0, 0, 0, 0};
#pragma unroll
      for (int w = 0; w < kSplitWarps; ++w) {
        const float4 x = vectors[w * kRound * 32 + at];
        all = {all.x + x.x, all.y + x.y, all.z + x.z, all.w + x.w};
      }
      part.values[e] = all;
    }
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::store(const Part<S>& part, int32_t number) const {
  float* const record = record_at(number);
  float* const of_rows = record + S.rows() * S.dim;
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    __stcg(reinterpret_cast<float4*>(record) + Part<S>::at(e), part.values[e]);
    if (!Part<S>::leads(e)) continue;
    __stcg(reinterpret_cast<float2*>(of_rows + Part<S>::row(e)), part.max[e]);
    __stcg(reinterpret_cast<float2*>(of_rows + S.rows() + Part<S>::row(e)), part.sum[e]);
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::records(int count, const int32_t* table,
                                                  Part<S>& part) const {
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    const int rows_at = S.rows() * S.dim + Part<S>::row(e);
    float2 most{-INFINITY, -INFINITY}, sum{0, 0};
    float4 all{0, 0, 0, 0};
#pragma unroll 1
    for (int from = 0; from < count; from += kRecordsAtOnce) {
      float2 max_of[kRecordsAtOnce], sum_of[kRecordsAtOnce];
      float4 values[kRecordsAtOnce];
#pragma unroll
      for (int i = 0; i < kRecordsAtOnce; ++i) {
        const float* record = record_at(table[min(from + i, count - 1)]);
        max_of[i] = __ldcg(reinterpret_cast<const float2*>(record + rows_at));
        sum_of[i] = __ldcg(reinterpret_cast<const float2*>(record + rows_at + S.rows()));
        values[i] = __ldcg(reinterpret_cast<const float4*>(record) + Part<S>::at(e));
      }
      float2 next = most;
#pragma unroll
      for (int i = 0; i < kRecordsAtOnce; ++i) {
        next = {fmaxf(next.x, max_of[i].x), fmaxf(next.y, max_of[i].y)};
      }
      const float2 base{next.x == -INFINITY ? 0 : next.x, next.y == -INFINITY ? 0 : next.y};
      const float2 old{exp2_of(most.x - base.x), exp2_of(most.y - base.y)};
      sum = {sum.x * old.x, sum.y * old.y};
      all = {all.x * old.x, all.y * old.y, all.z * old.x, all.w * old.y};
#pragma unroll
      for (int i = 0; i < kRecordsAtOnce; ++i) {
        if (from + i >= count) break;
        const float2 weight{exp2_of(max_of[i].x - base.x), exp2_of(max_of[i].y - base.y)};
        const float4 v = values[i];
        sum = {sum.x + sum_of[i].x * weight.x, sum.y + sum_of[i].y * weight.y};
        all = {all.x + v.x * weight.x, all.y + v.y * weight.y, all.z + v.z * weight.x,
               all.w + v.w * weight.y};
      }
      most = next;
    }
    part.values[e] = all, part.max[e] = most, part.sum[e] = sum;
  }
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
__device__ __forceinline__ void Merge<S>::store_rows(const Walk<S.unit()>& at, const Part<S>& part) const {
  const int32_t kv_head = head_of(p, at.pair);
  const int32_t first_row = first_row_of<S>(p, at.pair);
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    const float4 v = part.values[e];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int32_t row = first_row + Part<S>::row(e) + h;
      if (row >= p.rows) continue;
      const RowAt to = row_at(p, at.sequence, kv_head, row);
      // Weights are 2^kLift times their size.
      const Denominator d = denominator(p, to.head, (h == 0 ? part.max[e].x : part.max[e].y) - kLift,
                                        h == 0 ? part.sum[e].x : part.sum[e].y);
      store_pair(p, out_index(p, to) + Part<S>::element(e), d.divide(h == 0 ? v.x : v.y),
                 d.divide(h == 0 ? v.z : v.w));
      if (Part<S>::leads(e)) store_lse(p, to, d.lse);
    }
  }
}

}  // namespace octet::ops::attn_decode
