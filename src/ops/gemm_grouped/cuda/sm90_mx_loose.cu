// MXFP8 grouped GEMM for few tokens a tile on sm90, for any k % 32 == 0 and rows of exponents of
// any alignment: as sm90_mx_swap, but a thread that gathers puts words of four exponents together
// from the aligned words that hold them, four stages at a time.
//
// Tail       past the end of k codes arrive as zeros, and exponents are set to one
#include "src/gpu/cuda/mx_scales.cuh"
#include "src/ops/gemm_grouped/cuda/sm90_mx_loose_shape.h"
#include "src/ops/gemm_grouped/cuda/swap_grouped.cuh"

namespace octet::ops::gemm_grouped {
namespace {

constexpr uint32_t kOnes = 0x7f7f7f7f;  // four exponents of one

/// A row of exponents, read ahead by aligned words.
class LooseRow {
 public:
  LooseRow() = default;
  /// `count` exponents at `row`.
  __device__ __forceinline__ LooseRow(const uint8_t* row, int count) {
    const auto address = reinterpret_cast<uintptr_t>(row);
    shift_ = static_cast<int>(address % 4) * 8;
    words_ = reinterpret_cast<const uint32_t*>(address - address % 4);
    last_ = static_cast<int>((address % 4 + static_cast<uintptr_t>(count) - 1) / 4);
  }
  /// Reads what the words of stages k to k + 3 are made of.
  __device__ __forceinline__ void read(int k) {
#pragma unroll
    for (int i = 0; i < 5; ++i) ahead_[i] = k + i <= last_ ? words_[k + i] : 0;
  }
  /// The word of the i-th of them.
  __device__ __forceinline__ uint32_t word(int i) const {
    const uint32_t low = i < 2 ? (i == 0 ? ahead_[0] : ahead_[1]) : i == 2 ? ahead_[2] : ahead_[3];
    const uint32_t high = i < 2 ? (i == 0 ? ahead_[1] : ahead_[2]) : i == 2 ? ahead_[3] : ahead_[4];
    return __funnelshift_r(low, high, shift_);
  }

 private:
  const uint32_t* words_ = nullptr;
  int shift_ = 0, last_ = -1;
  uint32_t ahead_[5] = {};
};

__device__ __forceinline__ void store_word(uint32_t address, uint32_t word) {
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(address), "r"(word) : "memory");
}

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
    __device__ __forceinline__ void request(uint32_t scales, int k) {
      if (first < 0 || k == first + 4) {
        first = k;
        a.read(k);
#pragma unroll
        for (LooseRow& row : b) row.read(k);
      }
      const int at = k - first, left = blocks - 4 * k;  // exponents from this word on
      const uint32_t none = left >= 4 ? 0 : ~0u << 8 * left;
      const auto whole = [&](uint32_t word) { return (word & ~none) | (kOnes & none); };
      if (thread < S.swap.block_m) store_word(scales + thread * 4, whole(a.word(at)));
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        store_word(scales + (S.swap.block_m + thread + i * kThreads) * 4, whole(b[i].word(at)));
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
