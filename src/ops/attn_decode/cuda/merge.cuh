// From parts to results: a thread block's warps add up, then thread blocks that share an item, then
// rows are divided and stored. All sums are made in a fixed order.
//
// Part       sums of some tokens: vectors of 4 as the registers of a lane hold them, dealt to all
//            threads; of each row, in shared memory, the largest logit and the sum of weights
// Record     the same in memory: vectors, largest logits, sums of weights
// Why so     a thread has a vector, or two, and a lane a record: few instructions, few round trips
#pragma once

#include "src/gpu/cuda/arrival.cuh"
#include "src/ops/attn_decode/cuda/attend.cuh"

namespace octet::ops::attn_decode {

template <SplitShape S>
struct Part {
  static constexpr int kVectors = S.vectors() * 32;
  static constexpr int kEach = (kVectors + S.threads() - 1) / S.threads();  // of a thread
  float4 values[kEach];

  static __device__ __forceinline__ int vector(int e) { return e * S.threads() + threadIdx.x; }
  static __device__ __forceinline__ bool has(int e) { return vector(e) < kVectors; }
  static __device__ __forceinline__ int row(int e) { return row_of(vector(e)); }
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
};

/// Parts of an item that shares cut.
struct PartsOfItem {
  int32_t sequence, pair;
  int32_t places;  // of the first thread block: two, of which it may have the second
  int32_t first;   // record
  int32_t count;

  /// Number of the record of part i: one thread block's.
  __device__ __forceinline__ int32_t record(int32_t i) const {
    return i == 0 ? first : places + 2 * i;
  }
};

/// What a thread block has to do for an item when it has run: slices to add up, a bit each; roles in
/// which it leaves.
struct Due {
  uint32_t slices, roles;
  PartsOfItem item;
};

template <SplitShape S>
struct Merge {
  static constexpr int kAtOnce = kMergeFan / Part<S>::kEach;  // records under way

  struct Shared {
    float max[S.warps][S.rows()], sum[S.warps][S.rows()];
    alignas(16) float most[S.rows()];        // of the part
    float all[S.rows()];
    float weights[kMergeFan][S.rows()];      // of records
    float old_weight[S.rows()];              // of what was added before them
    Denominator rows[S.rows()];
    bool last;
    Due due[2];  // of its last item, and of one before
  };

  const Sm90Params& p;
  Shared& shared;
  float4* vectors;  // (warp, vector of a lane, lane)

  __device__ __forceinline__ float* record_at(int32_t number) const {
    return p.records + static_cast<int64_t>(number) * S.record();
  }

  /// Adds up the warps.
  __device__ __forceinline__ void warps(Attend<S>& a, float v_scale, Part<S>& part) const;
  /// Stores a part as a record.
  __device__ __forceinline__ void store(const Part<S>& part, int32_t number) const;
  /// Adds `count` records, `number` being that of the lane, to the part or from nothing.
  __device__ __forceinline__ void records(int count, int32_t number, bool first,
                                          Part<S>& part) const;
  /// Arrives `times` times. Whether this thread block is the last of `count` arrivals.
  __device__ __forceinline__ bool last_of(uint32_t* counter, int32_t count, int32_t times) const;
  /// Makes the denominators of an item's rows, of their state, and stores their logs if asked.
  __device__ __forceinline__ void prepare_rows(int32_t sequence, int32_t pair) const;
  /// Then: divides a vector and stores it.
  __device__ __forceinline__ void store_vector(int32_t sequence, int32_t pair, int vector,
                                               float4 values) const;
  /// The same of a vector whose two rows have this state; stores the log of a row with its first
  /// element.
  __device__ __forceinline__ void store_rows(int32_t sequence, int32_t pair, int vector,
                                             float4 values, float2 most, float2 all) const;

 private:
  __device__ __forceinline__ void store_row(const RowAt& to, int element, const Denominator& d,
                                            float x, float y) const {
    store_pair(p, out_index(p, to) + element, d.divide(x), d.divide(y));
  }
  __device__ __forceinline__ void add_warps_of_row(int row) const {
    float most = -INFINITY, all = 0;
#pragma unroll
    for (int w = 0; w < S.warps; ++w) most = fmaxf(most, shared.max[w][row]);
    const float base = most == -INFINITY ? 0 : most;
#pragma unroll
    for (int w = 0; w < S.warps; ++w) {
      all += shared.sum[w][row] * exp2_of(shared.max[w][row] - base);
    }
    shared.most[row] = most, shared.all[row] = all;
  }
  /// A warp weighs the records of a row.
  __device__ __forceinline__ void weigh_records(int row, int count, const float* record,
                                                bool first) const;
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
  if constexpr (S.token_scales) v_scale = exp2_of(static_cast<float>(a.exponent));
  if (threadIdx.x < S.rows()) add_warps_of_row(threadIdx.x);
  float4* const to = vectors + warp * S.vectors() * 32 + lane;
#pragma unroll
  for (int r = 0; r < S.row_tiles; ++r) {
    float weight[2], shift[2];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      float most = -INFINITY;
#pragma unroll
      for (int w = 0; w < S.warps; ++w) {
        most = fmaxf(most, shared.max[w][r * kRowTile + a.c * 2 + h]);
      }
      weight[h] = exp2_of(a.most[r][h] - (most == -INFINITY ? 0 : most));
      shift[h] = S.token_scales ? a.shift[r][h] * weight[h] : 0;
      weight[h] *= v_scale;
    }
#pragma unroll
    for (int i = 0; i < S.out_tiles(); ++i) {
      const float* x = a.sums[r][i];
      float4 mine{x[0] * weight[0], x[1] * weight[1], x[2] * weight[0], x[3] * weight[1]};
      if constexpr (S.token_scales) {
        mine = {mine.x + shift[0], mine.y + shift[1], mine.z + shift[0], mine.w + shift[1]};
      }
      to[(r * S.out_tiles() + i) * 32] = mine;
    }
  }
  __syncthreads();
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    float4 all{0, 0, 0, 0};
#pragma unroll
    for (int w = 0; w < S.warps; ++w) {
      const float4 x = vectors[w * S.vectors() * 32 + Part<S>::vector(e)];
      all = {all.x + x.x, all.y + x.y, all.z + x.z, all.w + x.w};
    }
    part.values[e] = all;
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::store(const Part<S>& part, int32_t number) const {
  float* const record = record_at(number);
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    __stcg(reinterpret_cast<float4*>(record) + Part<S>::vector(e), part.values[e]);
  }
  if (threadIdx.x < S.rows()) {
    __stcg(record + S.rows() * S.dim + threadIdx.x, shared.most[threadIdx.x]);
    __stcg(record + S.rows() * (S.dim + 1) + threadIdx.x, shared.all[threadIdx.x]);
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::weigh_records(int row, int count, const float* record,
                                                        bool first) const {
  const int lane = threadIdx.x % 32;
  float max = -INFINITY, sum = 0;
  if (lane < count) {
    max = __ldcg(record + S.rows() * S.dim + row);
    sum = __ldcg(record + S.rows() * (S.dim + 1) + row);
  }
  const float old = first ? -INFINITY : shared.most[row];
  float most = fmaxf(max, old);
#pragma unroll
  for (int step = 16; step > 0; step /= 2) most = fmaxf(most, __shfl_xor_sync(kWarp, most, step));
  const float base = most == -INFINITY ? 0 : most;
  const float weight = exp2_of(max - base), old_weight = exp2_of(old - base);
  sum *= weight;
#pragma unroll
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(kWarp, sum, step);
  shared.weights[lane][row] = weight;
  __syncwarp();  // the old state is read
  if (lane > 0) return;
  shared.all[row] = first ? sum : shared.all[row] * old_weight + sum;
  shared.most[row] = most;
  shared.old_weight[row] = first ? 0 : old_weight;
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::records(int count, int32_t number, bool first,
                                                  Part<S>& part) const {
  const int warp = threadIdx.x / 32;
  float4 values[Part<S>::kEach][kAtOnce];
  const auto ask = [&](int from) {
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      const float* record = record_at(__shfl_sync(kWarp, number, (from + i) % 32));
#pragma unroll
      for (int e = 0; e < Part<S>::kEach; ++e) {
        const int v = Part<S>::has(e) ? Part<S>::vector(e) : 0;
        values[e][i] = gpu::load_others_if(record + v * 4, from + i < count);
      }
    }
  };
  ask(0);
#pragma unroll
  for (int row = warp; row < S.rows(); row += S.warps) {
    weigh_records(row, count, record_at(number), first);
  }
  __syncthreads();
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    const int row = Part<S>::row(e) % S.rows();
    const float2 old{shared.old_weight[row], shared.old_weight[row + 1]};
    float4& x = part.values[e];
    if (first) x = {0, 0, 0, 0};
    x = {x.x * old.x, x.y * old.y, x.z * old.x, x.w * old.y};
  }
#pragma unroll 1
  for (int from = 0;;) {
#pragma unroll
    for (int e = 0; e < Part<S>::kEach; ++e) {
      const int row = Part<S>::row(e) % S.rows();
      float4& x = part.values[e];
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        if (from + i >= count) break;
        const float2 w = *reinterpret_cast<const float2*>(&shared.weights[from + i][row]);
        const float4 y = values[e][i];
        x = {x.x + y.x * w.x, x.y + y.y * w.y, x.z + y.z * w.x, x.w + y.w * w.y};
      }
    }
    from += kAtOnce;
    if (from >= count) break;
    ask(from);
  }
  __syncthreads();  // the weights are read
}

template <SplitShape S>
__device__ __forceinline__ bool Merge<S>::last_of(uint32_t* counter, int32_t count,
                                                  int32_t times) const {
  __syncthreads();  // the record is stored
  if (threadIdx.x == 0) {
    const uint32_t before = gpu::arrive_at(counter, static_cast<uint32_t>(times));
    shared.last = before + times == static_cast<uint32_t>(count);
    if (shared.last) *counter = 0;  // for the next launch
  }
  __syncthreads();
  return shared.last;
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::prepare_rows(int32_t sequence, int32_t pair) const {
  const int32_t row = first_row_of<S>(p, pair) + threadIdx.x;
  if (threadIdx.x < S.rows() && row < p.rows) {
    const RowAt to = row_at(p, sequence, head_of(p, pair), row);
    // Weights are 2^kLift times their size.
    const Denominator d =
        denominator(p, to.head, shared.most[threadIdx.x] - kLift, shared.all[threadIdx.x]);
    shared.rows[threadIdx.x] = d;
    store_lse(p, to, d.lse);
  }
  __syncthreads();
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::store_vector(int32_t sequence, int32_t pair, int vector,
                                                       float4 values) const {
  const int32_t first_row = first_row_of<S>(p, pair);
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const int32_t row = Part<S>::row_of(vector) + h;
    if (first_row + row >= p.rows) continue;
    const RowAt to = row_at(p, sequence, head_of(p, pair), first_row + row);
    store_row(to, Part<S>::element_of(vector), shared.rows[row], h == 0 ? values.x : values.y,
              h == 0 ? values.z : values.w);
  }
}

template <SplitShape S>
__device__ __forceinline__ void Merge<S>::store_rows(int32_t sequence, int32_t pair, int vector,
                                                     float4 values, float2 most,
                                                     float2 all) const {
  const int32_t first_row = first_row_of<S>(p, pair) + Part<S>::row_of(vector);
  const int element = Part<S>::element_of(vector);
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    if (first_row + h >= p.rows) continue;
    const RowAt to = row_at(p, sequence, head_of(p, pair), first_row + h);
    const Denominator d = denominator(p, to.head, (h == 0 ? most.x : most.y) - kLift,
                                      h == 0 ? all.x : all.y);
    if (element == 0) store_lse(p, to, d.lse);
    store_row(to, element, d, h == 0 ? values.x : values.y, h == 0 ? values.z : values.w);
  }
}

}  // namespace octet::ops::attn_decode
