// Block-scaled FP8 GEMM for few tokens on sm90 (src/gpu/cuda/swap_gemm.cuh): a stage is one block
// of 128 of k, with a scale for each token and one for all its weights.
#include "src/gpu/cuda/block_scales.cuh"
#include "src/ops/gemm_blockscale/cuda/params.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_swap_shape.h"

namespace octet::ops::gemm_blockscale {
namespace {

using namespace octet::gpu;

struct BlockScales : swap::BlockProducts {
  using Params = Sm90Params;

  template <SwapShape S>
  struct Source {
    static constexpr int kWords = (S.block_m + 31) / 32;  // of tokens, a lane
    const float* a[kWords];
    const float* b;
    int64_t a_scale_block;
    int lane, tokens;

    __device__ __forceinline__ Source(const Params& p, int row, int own_lane)
        : b(p.b_scale + (row >> 7) * p.b_scale_row),
          a_scale_block(p.a_scale_block),
          lane(own_lane),
          tokens(p.m) {
#pragma unroll
      for (int i = 0; i < kWords; ++i) a[i] = p.a_scale + (lane + 32 * i) * p.a_scale_row;
    }
    __device__ __forceinline__ void request(uint32_t scales, int k) const {
#pragma unroll
      for (int i = 0; i < kWords; ++i) {
        const int token = lane + 32 * i;
        if (token < S.block_m) {
          copy_word(scales + token * 4, a[i] + k * a_scale_block, token < tokens);
        }
      }
      if (lane == 31) copy_word(scales + S.block_m * 4, b + k, true);
    }
  };
};

}  // namespace

#define OCTET_KERNEL(M, N, GROUPS, STAGES)                                                 \
  extern "C" __global__ void __launch_bounds__(swap_shape(M, N, GROUPS, STAGES).threads()) \
      octet_sm90_wgmma_swap_##M##x##N##_g##GROUPS(const __grid_constant__ Sm90Params p) {  \
    swap::run<swap_shape(M, N, GROUPS, STAGES), BlockScales>(p);                           \
  }
OCTET_SM90_SWAP_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_blockscale
