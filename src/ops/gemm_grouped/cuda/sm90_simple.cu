// Grouped GEMM by plain loads: one warp a slot and column of d, a block of 32 of k a lane and step.
//
// Layout     addresses and strides of codes and scales as they come, any alignment
// Numerics   f32; lanes sum in a fixed tree; right for every exponent byte
#include "src/gpu/cuda/mx.cuh"
#include "src/gpu/cuda/plain_gemm.cuh"
#include "src/ops/gemm_grouped/cuda/walk.h"

namespace octet::ops::gemm_grouped {
namespace {

/// What 32 of k from 32 * block on add to d(row of a, n) of an expert.
struct MxTerm {
  static __device__ __forceinline__ float scaled(const Sm90Params& p, float product, int64_t row,
                                                 int64_t expert, int n, int block) {
    const auto* a = static_cast<const uint8_t*>(p.a_scale) + row * p.a_scale_row;
    const auto* b =
        static_cast<const uint8_t*>(p.b_scale) + expert * p.b_scale_expert + n * p.b_scale_row;
    return gpu::mx_scaled(product, a[block], b[block]);
  }
};
struct BlockTerm {
  static __device__ __forceinline__ float scaled(const Sm90Params& p, float product, int64_t row,
                                                 int64_t expert, int n, int block) {
    const auto* a = static_cast<const float*>(p.a_scale) + row * p.a_scale_row;
    const auto* b =
        static_cast<const float*>(p.b_scale) + expert * p.b_scale_expert + n / 128 * p.b_scale_row;
    return product * (a[block / 4] * b[block / 4]);
  }
};

template <class Term>
__device__ __forceinline__ void run(const Sm90Params& p) {
  const int lane = threadIdx.x % 32;
  const SlotParams& slots = p.slots;
  const int tiles = tiles_in_use(slots);
  const int64_t results = static_cast<int64_t>(tiles) * slots.block_m * p.n;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / 32);
  for (int64_t i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32; i < results; i += warps) {
    const int slot = static_cast<int>(i / p.n), n = static_cast<int>(i % p.n);
    const int64_t expert = slots.tile_experts[slot / slots.block_m];
    const int d_row = slot_row(slots, slots.sorted_ids[slot]);
    if (d_row < 0 || expert < 0 || expert >= slots.experts) continue;
    const int64_t row = token_row(slots, d_row);
    const uint8_t* a = p.a_codes + row * p.a_row;
    const uint8_t* b = p.b_codes + expert * p.b_expert + n * p.b_row;
    float sum = 0;
    for (int block = lane; block < p.k / 32; block += 32) {
      const float product = gpu::block_product(a + block * 32, b + block * 32);
      sum += Term::scaled(p, product, row, expert, n, block);
    }
#pragma unroll
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffff, sum, step);
    const float weight = slots.topk_weights != nullptr ? slots.topk_weights[d_row] : 1;
    if (lane == 0) gpu::store_result(p, d_row * p.d_row + n, sum * weight);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256)
    octet_sm90_moe_mx_simple(const __grid_constant__ Sm90Params p) {
  run<MxTerm>(p);
}
extern "C" __global__ void __launch_bounds__(256)
    octet_sm90_moe_block_simple(const __grid_constant__ Sm90Params p) {
  run<BlockTerm>(p);
}

}  // namespace octet::ops::gemm_grouped
