// Block-scaled FP8 GEMM for few tokens on sm90 (src/gpu/cuda/swap_gemm.cuh): a stage is one block
// of 128 of k, with a scale for each token and one for all its weights.
#include "src/gpu/cuda/swap_gemm.cuh"
#include "src/ops/gemm_blockscale/cuda/params.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_swap_shape.h"

namespace octet::ops::gemm_blockscale {
namespace {

using namespace octet::gpu;

struct BlockScales {
  using Params = Sm90Params;
  static constexpr int kProducts = 1;

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

  template <SwapShape S>
  static __device__ __forceinline__ void add(float (&sum)[S.accumulators()],
                                             const float (&products)[1][S.accumulators()],
                                             uint32_t scales, const swap::Seat& seat) {
    const float(&product)[S.accumulators()] = products[0];
    const float b_scale = shared_load(scales + S.block_m * 4);
    const uint32_t a_scales = scales + seat.lane % 4 * 8;
#pragma unroll
    for (int j = 0; j < S.block_m / 8; ++j) {
      const float2 a_scale = shared_load_pair(a_scales + j * 32);
      const float x = a_scale.x * b_scale, y = a_scale.y * b_scale;
      sum[4 * j] += product[4 * j] * x;
      sum[4 * j + 1] += product[4 * j + 1] * y;
      sum[4 * j + 2] += product[4 * j + 2] * x;
      sum[4 * j + 3] += product[4 * j + 3] * y;
    }
  }
};

}  // namespace

#define OCTET_KERNEL(M, N, GROUPS, STAGES)                                                 \
  extern "C" __global__ void __launch_bounds__(swap_shape(M, N, GROUPS, STAGES).threads()) \
      octet_sm90_wgmma_swap_##M##x##N##_g##GROUPS(const __grid_constant__ Sm90Params p) {  \
    swap::run<swap_shape(M, N, GROUPS, STAGES), BlockScales>(p);                           \
  }
OCTET_SM90_SWAP_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_blockscale
