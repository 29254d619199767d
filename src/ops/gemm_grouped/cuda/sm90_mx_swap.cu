// MXFP8 grouped GEMM for few tokens a tile on sm90 (swap_grouped.cuh): an instruction of 32 of k is
// one MX block, so a stage makes four products, each with an exponent for every row and every
// token.
//
// Scales     words of four exponents, copied as they lie: k % 128 == 0, rows of scales 4 bytes
//            aligned
#include "src/gpu/cuda/mx_scales.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_mx_swap_shape.h"
#include "src/ops/gemm_grouped/cuda/swap_grouped.cuh"

namespace octet::ops::gemm_grouped {
namespace {

struct MxScales : gpu::swap::MxProducts {
  /// Rows past the end of n take the last one's exponents: their codes are zero. Padding takes
  /// those of row 0: any usual bytes will do, its results go nowhere.
  template <GroupedShape S>
  struct Source {
    static constexpr int kThreads = S.gatherers * 32;
    static constexpr int kRows = S.swap.block_n / kThreads;
    static_assert(S.swap.block_m <= kThreads && S.swap.block_n % kThreads == 0);
    const uint8_t* a;
    const uint8_t* b[kRows];
    int thread;

    template <class Tile>
    __device__ __forceinline__ Source(const Sm90Params& p, const Tile& tile, int own_thread)
        : thread(own_thread) {
      const int token = min(thread, S.swap.block_m - 1);
      const int row = max(slot_row(p.slots, p.slots.sorted_ids[tile.slot() + token]), 0);
      a = static_cast<const uint8_t*>(p.a_scale) + token_row(p.slots, row) * p.a_scale_row;
      const auto* b_scale =
          static_cast<const uint8_t*>(p.b_scale) + tile.expert() * p.b_scale_expert;
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const int n = min(tile.column() * S.swap.block_n + thread + i * kThreads, p.n - 1);
        b[i] = b_scale + n * p.b_scale_row;
      }
    }
    __device__ __forceinline__ void prefetch_weights() const {
#pragma unroll
      for (const uint8_t* row : b) gpu::prefetch_line(row);
    }
    __device__ __forceinline__ void request(uint32_t scales, int k) const {
      if (thread < S.swap.block_m) gpu::copy_word(scales + thread * 4, a + k * 4, true);
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        gpu::copy_word(scales + (S.swap.block_m + thread + i * kThreads) * 4, b[i] + k * 4, true);
      }
    }
  };
};

}  // namespace

#define OCTET_KERNEL(M, N, ...)                                                            \
  extern "C" __global__ void __launch_bounds__(mx_swap_shape(M, N, __VA_ARGS__).threads(), \
                                               mx_swap_shape(M, N, __VA_ARGS__).blocks)    \
      OCTET_ENTRY(M, N, __VA_ARGS__)(const __grid_constant__ Sm90Params p) {               \
    swap::run<mx_swap_shape(M, N, __VA_ARGS__), MxScales>(p);                              \
  }
#define OCTET_ENTRY(M, N, GROUPS, STAGES, GATHERERS, BLOCKS) \
  octet_sm90_moe_mx_swap_##M##x##N##_g##GROUPS##_b##BLOCKS
OCTET_SM90_MX_SWAP_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
