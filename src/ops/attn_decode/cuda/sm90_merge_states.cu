// attn_merge_states: a warp merges a row, a lane every 32nd element of it.
//
// Method     a lane weighs every 32nd part; four parts are loaded together
// Numerics   float32; weights exp(lse - largest) in order of parts, so the same bits every time.
// Parts
//            of weight -infinity are not read; all of a row is read before any of it is stored
#include "src/ops/attn_decode/cuda/store.cuh"
#include "src/ops/attn_decode/merge_states_params.h"

namespace octet::ops::attn_decode {
namespace {

constexpr uint32_t kWarp = 0xffffffff;
constexpr int kFlight = 4;                 // parts under way together
constexpr int kEach = kMergeMostDim / 32;  // elements of a lane, at most

/// The sum, or the largest, of all lanes, the same in each.
__device__ __forceinline__ float sum_of(float x) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(kWarp, x, step);
  return x;
}
__device__ __forceinline__ float largest_of(float x) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(kWarp, x, step));
  return x;
}

struct Row {
  const MergeStatesParams& p;
  int64_t row;
  int lane;

  __device__ __forceinline__ float lse(int32_t part) const {
    return part < p.num_parts ? p.lse[part * p.rows + row] : -INFINITY;
  }
  __device__ __forceinline__ float largest() const {
    float most = -INFINITY;
    for (int32_t i = lane; i < p.num_parts; i += 32) most = fmaxf(most, lse(i));
    return largest_of(most);
  }
};

/// Adds the parts of 32 lanes, those in `left`, each times its lane's weight.
template <class T>
__device__ __forceinline__ void add_parts(const Row& r, int32_t first, uint32_t left, float weight,
                                          float (&sums)[kEach]) {
  const MergeStatesParams& p = r.p;
  while (left != 0) {
    T values[kFlight][kEach];
    float weights[kFlight];
#pragma unroll
    for (int i = 0; i < kFlight; ++i) {
      const int of = left == 0 ? 0 : __ffs(left) - 1;
      weights[i] = __shfl_sync(kWarp, weight, of);
      const T* from = static_cast<const T*>(p.parts) + (first + of) * p.part_stride + r.row * p.dim;
#pragma unroll
      for (int e = 0; e < kEach; ++e) {
        const int d = e * 32 + r.lane;
        values[i][e] = left != 0 && d < p.dim ? from[d] : T(0.0f);
      }
      if (left == 0) weights[i] = 0;
      left &= left - 1;
    }
#pragma unroll
    for (int i = 0; i < kFlight; ++i) {
#pragma unroll
      for (int e = 0; e < kEach; ++e) {
        sums[e] = fmaf(weights[i], static_cast<float>(values[i][e]), sums[e]);
      }
    }
  }
}

template <class T>
__device__ __forceinline__ void merge(const MergeStatesParams& p) {
  const Row r{p, int64_t{blockIdx.x} * kMergeRows + threadIdx.x / 32,
              static_cast<int>(threadIdx.x % 32)};
  if (r.row >= p.rows) return;
  const float most = r.largest(), base = most == -INFINITY ? 0 : most;
  float sums[kEach] = {}, sum = 0;
#pragma unroll 1
  for (int32_t first = 0; first < p.num_parts; first += 32) {
    const float lse = r.lse(first + r.lane);
    const float weight = lse == -INFINITY ? 0 : expf(lse - base);
    sum += weight;
    add_parts<T>(r, first, __ballot_sync(kWarp, lse != -INFINITY), weight, sums);
  }
  sum = sum_of(sum);
  const float part = sum == 0 ? 0 : 1 / sum;
#pragma unroll
  for (int e = 0; e < kEach; ++e) {
    const int d = e * 32 + r.lane;
    if (d < p.dim) store_as(p.out, p.out_type, r.row * p.out_stride + d, sums[e] * part);
  }
  if (p.out_lse != nullptr && r.lane == 0) p.out_lse[r.row] = most + logf(sum);
}

}  // namespace

#define OCTET_MERGE_STATES(T, NAME)                                          \
  extern "C" __global__ void __launch_bounds__(kMergeThreads)                \
      octet_attn_merge_##NAME(const __grid_constant__ MergeStatesParams p) { \
    merge<T>(p);                                                             \
  }
OCTET_MERGE_STATES(float, f32)
OCTET_MERGE_STATES(__nv_bfloat16, bf16)
OCTET_MERGE_STATES(__half, f16)
#undef OCTET_MERGE_STATES

}  // namespace octet::ops::attn_decode
