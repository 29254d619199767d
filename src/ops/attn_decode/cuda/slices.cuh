// Who adds up the parts of an item that shares cut: its first thread blocks, a slice of the results
// each. All but the item's last thread block have nothing to do after their part, so these wait for
// the others; several read more at once than the last to arrive alone.
//
// Patience   nobody waits for what may never run: a thread block that waited long says so in the
//            item's state and leaves its slice to the last to arrive
// Words      of an item: arrivals, and a state. Owners of slices and the last to arrive leave when
//            they need them no more; both are zero again then
#pragma once

#include "src/ops/attn_decode/cuda/merge.cuh"

namespace octet::ops::attn_decode {

constexpr int64_t kPatience = 1 << 19;  // clocks
// The state: slices that nobody waits for, how many have left, whether all parts have arrived.
constexpr uint32_t kLeft = 1u << 16, kLeftMask = 0xff, kArrived = 1u << 31;

/// Slices of an item: 2 to the power of
__device__ __forceinline__ int slices_log2(int32_t parts) {
  return parts > 8 ? 3 : parts > 4 ? 2 : parts > 2 ? 1 : 0;
}

/// Where the parts of an item arrive.
struct Arrivals {
  uint32_t* arrivals;
  uint32_t* state;
  uint32_t parts, slices;

  __device__ __forceinline__ Arrivals(const Sm90Params& p, const PartsOfItem& item)
      : arrivals(p.counters + item.first),
        state(arrivals + 2 * gridDim.x),
        parts(static_cast<uint32_t>(item.count)),
        slices(1u << slices_log2(item.count)) {}

  /// Part `mine` arrives, whose record is stored. Slices that its thread block has to add up, a bit
  /// each, and in how many roles it is to leave. By one thread.
  __device__ __forceinline__ uint32_t arrive(int32_t mine, uint32_t& roles) const {
    const bool owns = static_cast<uint32_t>(mine) < slices;
    const bool last = gpu::arrive_at(arrivals, 1) + 1 == parts;
    roles = (owns ? 1 : 0) + (last ? 1 : 0);
    const uint32_t own = owns ? 1u << mine : 0;
    if (last) return own | (atomicOr(state, kArrived) & 0xffff);
    if (!owns || gpu::wait_for_arrivals(arrivals, parts, kPatience)) return own;
    if ((atomicOr(state, own) & kArrived) == 0) return 0;
    __threadfence();  // what the parts have stored is seen
    return own;
  }
  /// The last to leave resets the words for the next launch.
  __device__ __forceinline__ void leave(uint32_t roles) const {
    if (roles == 0) return;
    const uint32_t before = atomicAdd(state, roles * kLeft) / kLeft & kLeftMask;
    if (before + roles == slices + 1) *state = 0, *arrivals = 0;
  }
};

/// Records under way in a thread.
constexpr int kRecordsAtOnce = 9;

/// Of two rows: the weights of sums against the largest logits of all.
__device__ __forceinline__ float2 weights_of(float2 most, float2 of_all) {
  return {exp2_of(most.x - (of_all.x == -INFINITY ? 0 : of_all.x)),
          exp2_of(most.y - (of_all.y == -INFINITY ? 0 : of_all.y))};
}
__device__ __forceinline__ float2 larger(float2 x, float2 y) {
  return {fmaxf(x.x, y.x), fmaxf(x.y, y.y)};
}

/// Vectors of one place in the results, of several records, with the state of their two rows.
struct RowSums {
  float4 sums{0, 0, 0, 0};
  float2 most{-INFINITY, -INFINITY}, all{0, 0};

  /// Adds up `count` of them, whose largest logits are known.
  template <int kCount>
  __device__ __forceinline__ void add(const float4 (&values)[kCount], const float2 (&mosts)[kCount],
                                      const float2 (&alls)[kCount], int count) {
    float2 next = most;
#pragma unroll
    for (int j = 0; j < kCount; ++j) {
      if (j < count) next = larger(next, mosts[j]);
    }
    const float2 old = weights_of(most, next);
    sums = {sums.x * old.x, sums.y * old.y, sums.z * old.x, sums.w * old.y};
    all = {all.x * old.x, all.y * old.y}, most = next;
#pragma unroll
    for (int j = 0; j < kCount; ++j) {
      if (j >= count) break;
      const float2 w = weights_of(mosts[j], next);
      const float4 y = values[j];
      sums = {sums.x + y.x * w.x, sums.y + y.y * w.y, sums.z + y.z * w.x, sums.w + y.w * w.y};
      all = {all.x + alls[j].x * w.x, all.y + alls[j].y * w.y};
    }
  }
};

constexpr int log2_of(int power) { return power > 1 ? 1 + log2_of(power / 2) : 0; }

/// How threads divide a slice: groups of threads have a vector each, and every so many-th record.
template <SplitShape S>
struct SliceShape {
  static constexpr int kMostGroupsLog2 = 3;
  int32_t vectors;                // of the slice
  int at_once_log2, groups_log2;  // vectors, and groups of threads, in a turn

  __device__ __forceinline__ explicit SliceShape(int slices_log2) {
    static_assert((Part<S>::kVectors & (Part<S>::kVectors - 1)) == 0);
    constexpr int kLog2 = log2_of(Part<S>::kVectors), kThreadsLog2 = log2_of(S.threads());
    vectors = Part<S>::kVectors >> slices_log2;
    at_once_log2 = min(kLog2 - slices_log2, kThreadsLog2);
    groups_log2 = min(kThreadsLog2 - at_once_log2, kMostGroupsLog2);
  }
};

/// Adds up records of a group, a vector of each.
template <SplitShape S>
__device__ __forceinline__ RowSums add_records(const Merge<S>& merge, const PartsOfItem& item,
                                               int32_t group, int groups_log2,
                                               int32_t vector) {
  const int row = Part<S>::row_of(vector);
  const int32_t groups = 1 << groups_log2, step = groups * 2 * S.record();
  RowSums total;
#pragma unroll 1
  for (int32_t i = group; i < item.count && group < groups; i += groups * kRecordsAtOnce) {
    float4 values[kRecordsAtOnce];
    float2 most[kRecordsAtOnce], all[kRecordsAtOnce];
    const float* const first = merge.record_at(item.record(i));
    const float* const others = merge.record_at(item.places + 2 * i);
#pragma unroll
    for (int j = 0; j < kRecordsAtOnce; ++j) {
      if (i + j * groups >= item.count) break;
      const float* const record = j == 0 ? first : others + j * step;
      const float* const state = record + S.rows() * S.dim + row;
      values[j] = __ldcg(reinterpret_cast<const float4*>(record) + vector);
      most[j] = __ldcg(reinterpret_cast<const float2*>(state));
      all[j] = __ldcg(reinterpret_cast<const float2*>(state + S.rows()));
    }
    total.add(values, most, all, (item.count - i + groups - 1) >> groups_log2);
  }
  return total;
}

/// Adds up a slice and stores its results. By all threads, after a barrier.
template <SplitShape S>
__device__ __forceinline__ void add_slice(const Merge<S>& merge, const PartsOfItem& item,
                                          int32_t slice) {
  const SliceShape<S> shape(slices_log2(item.count));
  const int32_t thread = static_cast<int32_t>(threadIdx.x), at_once = 1 << shape.at_once_log2;
  const int32_t group = thread >> shape.at_once_log2, in_turn = thread & (at_once - 1);
  const int32_t groups = 1 << shape.groups_log2;
  float4* const states = merge.vectors + S.threads();
#pragma unroll 1
  for (int32_t from = 0; from < shape.vectors; from += at_once) {
    const int32_t vector = slice * shape.vectors + from + in_turn;
    RowSums total = add_records(merge, item, group, shape.groups_log2, vector);
    if (shape.groups_log2 > 0) {
      merge.vectors[thread] = total.sums;
      states[thread] = {total.most.x, total.most.y, total.all.x, total.all.y};
      __syncthreads();
      if (group > 0) continue;
      constexpr int kOthers = (1 << SliceShape<S>::kMostGroupsLog2) - 1;
      float4 values[kOthers];
      float2 most[kOthers], all[kOthers];
#pragma unroll
      for (int g = 0; g < kOthers; ++g) {
        if (g + 1 >= groups) break;
        const float4 state = states[thread + (g + 1) * at_once];
        values[g] = merge.vectors[thread + (g + 1) * at_once];
        most[g] = {state.x, state.y}, all[g] = {state.z, state.w};
      }
      total.add(values, most, all, groups - 1);
    }
    merge.store_rows(item.sequence, item.pair, vector, total.sums, total.most, total.all);
  }
}

/// Adds part `mine` of an item. The thread block does not wait here: what it has to do then is noted
/// for finish_items(). Only the last of an item's thread blocks may have more to run before, and it
/// has no slice of its own; `last_run`: it has not.
template <SplitShape S>
__device__ __forceinline__ void add_in_slices(const Merge<S>& merge, const PartsOfItem& item,
                                              int32_t mine, bool last_run, const Part<S>& part) {
  merge.store(part, item.record(mine));
  __syncthreads();  // the record is stored
  if (threadIdx.x > 0) return;
  uint32_t roles;
  const uint32_t slices = Arrivals(merge.p, item).arrive(mine, roles);
  if (roles > 0) merge.shared.due[last_run ? 0 : 1] = {slices, roles, item};
}

/// Before any run.
template <SplitShape S>
__device__ __forceinline__ void no_items_due(const Merge<S>& merge) {
  if (threadIdx.x < 2) merge.shared.due[threadIdx.x].roles = 0;
}

/// Adds up what slices are left to the thread block, when it has run.
template <SplitShape S>
__device__ __forceinline__ void finish_items(const Merge<S>& merge) {
  __syncthreads();
#pragma unroll 1
  for (int i = 0; i < 2; ++i) {
    const Due due = merge.shared.due[i];
    if (due.roles == 0) continue;
#pragma unroll 1
    for (uint32_t left = due.slices; left != 0; left &= left - 1) {
      add_slice(merge, due.item, __ffs(static_cast<int>(left)) - 1);
      __syncthreads();
    }
    if (threadIdx.x == 0) Arrivals(merge.p, due.item).leave(due.roles);
  }
}

}  // namespace octet::ops::attn_decode
