// MXFP8 grouped GEMM for few tokens a tile on sm90, for any k % 32 == 0 and rows of exponents of
// any alignment: as sm90_mx_swap, but a thread that gathers puts words of four exponents together
// from the aligned words that hold them, four stages at a time.
//
// Tail       past the end of k codes arrive as zeros, and exponents are set to one
#include "src/gpu/cuda/mx_scales.cuh"
#include "src/ops/gemm_grouped/cuda/loose_row.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_mx_loose_shape.h"
#include "src/ops/gemm_grouped/cuda/swap_grouped.cuh"

namespace octet::ops::gemm_grouped {
namespace {

struct LooseScales : gpu::swap::MxProducts {
  /// Rows past the end of n take the last one's exponents, padding those of row 0, as in MxScales.
  template <GroupedShape S>
  struct Source {
    static constexpr int kThreads = S.gatherers * 32;
    static constexpr int kRows = S.swap.block_n / kThreads;
    static_assert(S.swap.block_m <= kThreads && S.swap.block_n % kThreads == 0);
    LooseRow a, b[kRows];
    int thread, blocks, first;

    template <class Tile>
    __device__ __forceinline__ Source(const Sm90Params& p, const Tile& tile, int own_thread)
        : thread(own_thread), blocks(p.k / 32), first(-1) {
      const int token = min(thread, S.swap.block_m - 1);
      const int row = max(slot_row(p.slots, p.slots.sorted_ids[tile.slot() + token]), 0);
      a = LooseRow(static_cast<const uint8_t*>(p.a_scale) + token_row(p.slots, row) * p.a_scale_row,
                   blocks);
      const auto* b_scale =
          static_cast<const uint8_t*>(p.b_scale) + tile.expert() * p.b_scale_expert;
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const int n = min(tile.column() * S.swap.block_n + thread + i * kThreads, p.n - 1);
        b[i] = LooseRow(b_scale + n * p.b_scale_row, blocks);
      }
    }
    __device__ __forceinline__ void prefetch_weights() const {
#pragma unroll
      for (const LooseRow& row : b) row.prefetch();
    }
    __device__ __forceinline__ void request(uint32_t scales, int k) {
      if (first < 0 || k == first + 4) {
        first = k;
        a.read(k);
#pragma unroll
        for (LooseRow& row : b) row.read(k);
      }
      const int left = blocks - 4 * k;
      if (thread < S.swap.block_m) {
        gpu::shared_store_word(scales + thread * 4, whole_word(a.word(k - first), left));
      }
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        gpu::shared_store_word(scales + (S.swap.block_m + thread + i * kThreads) * 4,
                               whole_word(b[i].word(k - first), left));
      }
    }
  };
};

}  // namespace

#define OCTET_KERNEL(M, N, ...)                                                            \
  extern "C" __global__ void __launch_bounds__(mx_swap_shape(M, N, __VA_ARGS__).threads(), \
                                               mx_swap_shape(M, N, __VA_ARGS__).blocks)    \
      OCTET_ENTRY(M, N, __VA_ARGS__)(const __grid_constant__ Sm90Params p) {               \
    swap::run<mx_swap_shape(M, N, __VA_ARGS__), LooseScales>(p);                           \
  }
#define OCTET_ENTRY(M, N, GROUPS, ...) octet_sm90_moe_mx_loose_##M##x##N##_g##GROUPS
OCTET_SM90_MX_LOOSE_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_grouped
