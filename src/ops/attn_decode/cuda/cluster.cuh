// Items whose parts all lie in one cluster of thread blocks: each part is sent to the others'
// shared memory, cut by vectors, and each thread block adds up and stores its cut of the item.
//
// Waiting    only after a thread block's whole share, since another one may come to its part of the
//            item last: of two items, that which the share begins with and that which it ends with
// Order      parts in order of thread blocks
#pragma once

#include "src/ops/attn_decode/cuda/parts.cuh"

namespace octet::ops::attn_decode {

template <SplitShape S>
struct ClusterMerge {
  static constexpr int kVectors = Part<S>::kVectors;
  static constexpr int kMost = kMergeCluster;  // parts of an item

  /// What thread blocks send to this one: of one item.
  struct Inbox {
    float4 values[kVectors + kMost];    // (part, vector of the cut)
    float4 rows[kMost][S.rows() / 2];   // largest logits, sums of weights
  };
  /// An item whose parts are on their way.
  struct Pending {
    int32_t sequence, pair, parts, mine;  // mine: number of this thread block among them
  };

  const Sm90Params& p;
  const Merge<S>& merge;
  uint32_t inboxes, barriers;  // two each, in shared memory
  Pending* pending;            // of both

  __device__ __forceinline__ void prepare() const {
    if (threadIdx.x < 2) {
      gpu::mbarrier_init(barriers + threadIdx.x * 8, 1);
      pending[threadIdx.x].parts = 0;
    }
    gpu::mbarrier_init_fence();
    gpu::cluster_arrive();
  }

  /// Vectors of cut j of an item in `parts` parts: from begin(j) up to begin(j + 1).
  static __device__ __forceinline__ int begin(int j, int parts) {
    return (j * kVectors + parts - 1) / parts;
  }
  static __device__ __forceinline__ int cut_of(int vector, int parts) {
    return vector * parts / kVectors;
  }
  static __device__ __forceinline__ int most_of(int parts) {
    return (kVectors + parts - 1) / parts;
  }

  /// Sends this thread block's part of an item to all that share it.
  __device__ __forceinline__ void send(const Parts<S>& parts, const Walk<S.unit()>& at,
                                       const Part<S>& part) const;
  /// Waits for one of the two items, if it is shared; adds up and stores this thread block's cut.
  __device__ __forceinline__ void receive(int place) const;
};

template <SplitShape S>
__device__ __forceinline__ void ClusterMerge<S>::send(const Parts<S>& parts,
                                                      const Walk<S.unit()>& at,
                                                      const Part<S>& part) const {
  const int count = parts.count(), mine = static_cast<int>(blockIdx.x) - parts.begin;
  const auto send_vector = [&](int j, uint32_t offset, float4 x) {
    const int place = parts.place(j) & 1, rank = (parts.begin + j) % p.cluster;
    const uint32_t to = gpu::remote_address(inboxes + place * sizeof(Inbox) + offset, rank);
    gpu::store_async(to, x.x, x.y, x.z, x.w, gpu::remote_address(barriers + place * 8, rank));
  };
#pragma unroll
  for (int e = 0; e < Part<S>::kEach; ++e) {
    if (!Part<S>::has(e)) continue;
    const int v = Part<S>::vector(e), j = cut_of(v, count);
    const int at_cut = mine * most_of(count) + v - begin(j, count);
    send_vector(j, static_cast<uint32_t>(at_cut) * 16, part.values[e]);
  }
  constexpr int kRowVectors = S.rows() / 2;
  const auto* rows = reinterpret_cast<const float4*>(merge.shared.most);  // `all` lies behind it
  for (int i = threadIdx.x; i < count * kRowVectors; i += kSplitThreads) {
    const uint32_t offset = offsetof(Inbox, rows) + (mine * kRowVectors + i % kRowVectors) * 16;
    send_vector(i / kRowVectors, offset, rows[i % kRowVectors]);
  }
  if (threadIdx.x != 0) return;
  const int place = parts.place(mine) & 1;
  const int vectors = begin(mine + 1, count) - begin(mine, count) + kRowVectors;
  gpu::mbarrier_arrive_expect(barriers + place * 8, count * vectors * 16);
  pending[place] = {at.sequence, at.pair, count, mine};
}

template <SplitShape S>
__device__ __forceinline__ void ClusterMerge<S>::receive(int place) const {
  __syncthreads();  // what is pending is known, and the rows' state free
  const Pending item = pending[place];
  if (item.parts == 0) return;
  gpu::mbarrier_wait(barriers + place * 8, 0);
  const uint32_t inbox = inboxes + place * sizeof(Inbox);
  const auto state = [&](int i, int row) {
    return gpu::shared_load(inbox + offsetof(Inbox, rows) + (i * 2 * S.rows() + row) * 4);
  };
  if (threadIdx.x < S.rows()) {
    const int row = threadIdx.x;
    float most = -INFINITY, all = 0;
    for (int i = 0; i < item.parts; ++i) most = fmaxf(most, state(i, row));
    const float base = most == -INFINITY ? 0 : most;
    for (int i = 0; i < item.parts; ++i) {
      const float weight = exp2_of(state(i, row) - base);
      merge.shared.weights[i][row] = weight;
      all += state(i, S.rows() + row) * weight;
    }
    merge.shared.most[row] = most, merge.shared.all[row] = all;
  }
  merge.prepare_rows(item.sequence, item.pair, item.mine == 0);
  const int first = begin(item.mine, item.parts);
  const int v = first + threadIdx.x;
  if (v >= begin(item.mine + 1, item.parts)) return;
  const int row = Part<S>::row_of(v);
  float4 sum{0, 0, 0, 0};
  for (int i = 0; i < item.parts; ++i) {
    const int at = i * most_of(item.parts) + v - first;
    const float4 x = gpu::shared_load_floats(inbox + at * 16);
    const float2 w = *reinterpret_cast<const float2*>(&merge.shared.weights[i][row]);
    sum = {sum.x + x.x * w.x, sum.y + x.y * w.y, sum.z + x.z * w.x, sum.w + x.w * w.y};
  }
  merge.store_vector(item.sequence, item.pair, v, sum);
}

}  // namespace octet::ops::attn_decode
