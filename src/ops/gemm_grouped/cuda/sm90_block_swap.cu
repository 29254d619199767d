// Block-scaled grouped GEMM for few tokens a tile on sm90 (swap_grouped.cuh): a stage is one block
// of 128 of k, with a scale for each token and one for all its weights.
#include "src/gpu/cuda/block_scales.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_block_swap_shape.h"
#include "src/ops/gemm_grouped/cuda/swap_grouped.cuh"

namespace octet::ops::gemm_grouped {
namespace {

struct BlockScales : gpu::swap::BlockProducts {
  /// The last thread copies the scale of weights.
  template <GroupedShape S>
  struct Source {
    static constexpr int kThreads = S.gatherers * 32;
    static constexpr int kWords = (S.swap.block_m + kThreads - 1) / kThreads;
    const float* a[kWords];  // null: padding
    const float* b;
    int thread;

    template <class Tile>
    __device__ __forceinline__ Source(const Sm90Params& p, const Tile& tile, int own_thread)
        : thread(own_thread) {
      const auto* a_scale = static_cast<const float*>(p.a_scale);
#pragma unroll
      for (int i = 0; i < kWords; ++i) {
        const int token = thread + i * kThreads;
        const int row = token < S.swap.block_m
                            ? slot_row(p.slots, p.slots.sorted_ids[tile.slot() + token])
                            : -1;
        a[i] = row < 0 ? nullptr : a_scale + token_row(p.slots, row) * p.a_scale_row;
      }
      b = static_cast<const float*>(p.b_scale) + tile.expert() * p.b_scale_expert +
          tile.column() * S.swap.block_n / 128 * p.b_scale_row;
    }
    __device__ __forceinline__ void prefetch_weights() const { gpu::prefetch_line(b); }
    __device__ __forceinline__ void request(uint32_t scales, int k) const {
#pragma unroll
      for (int i = 0; i < kWords; ++i) {
        if (a[i] != nullptr) gpu::copy_word(scales + (thread + i * kThreads) * 4, a[i] + k, true);
      }
      if (thread == kThreads - 1) gpu::copy_word(scales + S.swap.block_m * 4, b + k, true);
    }
  };
};

}  // namespace

#define OCTET_KERNEL(M, N, ...)                                                               \
  extern "C" __global__ void __launch_bounds__(block_swap_shape(M, N, __VA_ARGS__).threads(), \
                                               block_swap_shape(M, N, __VA_ARGS__).blocks)    \
      OCTET_ENTRY(M, N, __VA_ARGS__)(const __grid_constant__ Sm90Params p) {                  \
    swap::run<block_swap_shape(M, N, __VA_ARGS__), BlockScales>(p);                           \
  }
#define OCTET_ENTRY(M, N, GROUPS, STAGES, GATHERERS, BLOCKS) \
  octet_sm90_moe_block_swap_##M##x##N##_g##GROUPS##_b##BLOCKS
OCTET_SM90_BLOCK_SWAP_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
