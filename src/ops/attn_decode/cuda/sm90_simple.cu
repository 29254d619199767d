// attn_decode by one thread block a row of q, in float32: for every head dim, stride and alignment.
//
// Work       a thread has a token while logits are made, an element of out while values are added;
//            tiles of kThreads tokens, each rescales what is there
// Numerics   float32 sums in ascending order; the same for any batch
#include "src/gpu/cuda/barrier.cuh"
#include "src/ops/attn_decode/cuda/simple_shape.h"
#include "src/ops/attn_decode/cuda/store.cuh"

namespace octet::ops::attn_decode {
namespace {

constexpr int kElements = kMostDim / kSimpleThreads;  // of out, in a thread

struct Shared {
  float q[kMostDim];
  float weight[kSimpleThreads], shift[kSimpleThreads];
  int64_t values[kSimpleThreads];  // index of the token's codes; -1: none
  float most[kSimpleThreads / 32];
};

__device__ __forceinline__ float value_of(uint8_t code, bool e5m2) {
  const uint32_t pair = e5m2 ? widen_pair<true>(code) : widen_pair<false>(code);
  return __half2float(__ushort_as_half(static_cast<unsigned short>(pair)));
}

struct Row {
  const Sm90Params& p;
  Shared& shared;
  RowAt at;
  int32_t kv_head;
  float q_sum;

  /// The logit of token n, in powers of two; sets what its value needs.
  __device__ float logit(int32_t n) const {
    const int32_t block = block_of(p, at.sequence, n), token = token_in_block(p, n);
    shared.values[threadIdx.x] = -1;
    if (block < 0) return -INFINITY;
    const uint8_t* codes = p.k.codes + code_index(p.k, block, token, kv_head);
    float dot = 0;
    for (int d = 0; d < p.dim; ++d) dot += shared.q[d] * value_of(codes[d], p.e5m2);
    const ScaleShift k = scale_at(p.k, scale_index(p.k, block, token, kv_head));
    const ScaleShift v = scale_at(p.v, scale_index(p.v, block, token, kv_head));
    float x = p.softmax_scale * (k.scale * dot + (k.shift == 0 ? 0 : k.shift * q_sum));
    if (p.soft_cap > 0) x = capped(x, p.soft_cap * kLog2e);
    shared.values[threadIdx.x] = code_index(p.v, block, token, kv_head);
    shared.weight[threadIdx.x] = v.scale;
    shared.shift[threadIdx.x] = v.shift;
    return x;
  }
};

/// The largest of all threads' values.
__device__ __forceinline__ float block_max(float x, float* most) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, step));
  if (threadIdx.x % 32 == 0) most[threadIdx.x / 32] = x;
  __syncthreads();
  x = most[0];
#pragma unroll
  for (int w = 1; w < kSimpleThreads / 32; ++w) x = fmaxf(x, most[w]);
  return x;
}

__device__ __forceinline__ float block_sum(float x, float* sums) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffff, x, step);
  __syncthreads();
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = x;
  __syncthreads();
  x = 0;
#pragma unroll
  for (int w = 0; w < kSimpleThreads / 32; ++w) x += sums[w];
  return x;
}

__device__ __forceinline__ float load_q(const Sm90Params& p, const RowAt& at, Shared& shared) {
  const uint16_t* q = p.q + q_index(p, at);
  float sum = 0;
  for (int d = threadIdx.x; d < p.dim; d += kSimpleThreads) {
    shared.q[d] = q_value(q[d], p.q_f16);
    sum += shared.q[d];
  }
  return block_sum(sum, shared.most);
}

/// Adds the values of a tile of `count` tokens to this thread's elements.
__device__ __forceinline__ void add_values(const Sm90Params& p, const Shared& shared, int count,
                                           float (&sums)[kElements]) {
  for (int i = 0; i < count; ++i) {
    const int64_t at = shared.values[i];
    if (at < 0) continue;
    const float weight = shared.weight[i], shift = shared.shift[i];
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      const int d = threadIdx.x + e * kSimpleThreads;
      if (d < p.dim) sums[e] += weight * value_of(p.v.codes[at + d], p.e5m2) + shift;
    }
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kSimpleThreads)
    octet_sm90_attn_simple(const __grid_constant__ Sm90Params p) {
  __shared__ Shared shared;
  gpu::dependency_pass(p.dependent);
  const int64_t heads = int64_t{p.kv_heads} * p.group;
  const int64_t rows = heads * p.q_tokens;
  const RowAt at{static_cast<int32_t>(blockIdx.x / rows),
                 static_cast<int32_t>(blockIdx.x / heads % p.q_tokens),
                 static_cast<int32_t>(blockIdx.x % heads)};
  Row row{p, shared, at, at.head / p.group, load_q(p, at, shared)};
  check_length(p, at.sequence);
  const Tokens seen = visible(p, length_of(p, at.sequence), at.token);
  float most = -INFINITY, sum = 0, sums[kElements] = {};
  for (int32_t first = seen.first; first < seen.last; first += kSimpleThreads) {
    const int count = min(seen.last - first, kSimpleThreads);
    const bool mine = static_cast<int>(threadIdx.x) < count;
    const float logit = mine ? row.logit(first + threadIdx.x) : -INFINITY;
    const float next = fmaxf(most, block_max(logit, shared.most));
    const float base = next == -INFINITY ? 0 : next;
    const float weight = exp2_of(logit - base), fold = exp2_of(most - base);
    if (mine) {
      shared.weight[threadIdx.x] *= weight;
      shared.shift[threadIdx.x] =
          shared.shift[threadIdx.x] == 0 ? 0 : shared.shift[threadIdx.x] * weight;
    }
    sum = sum * fold + block_sum(weight, shared.most);
#pragma unroll
    for (int e = 0; e < kElements; ++e) sums[e] *= fold;
    add_values(p, shared, count, sums);
    most = next;
    __syncthreads();
  }
  const Denominator d = denominator(p, at.head, most, sum);
#pragma unroll
  for (int e = 0; e < kElements; ++e) {
    const int element = threadIdx.x + e * kSimpleThreads;
    if (element < p.dim) store_element(p, out_index(p, at) + element, d.divide(sums[e]));
  }
  if (threadIdx.x == 0) store_lse(p, at, d.lse);
}

}  // namespace octet::ops::attn_decode
