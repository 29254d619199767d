// MXFP8 GEMM for few tokens on sm90 (src/gpu/cuda/swap_gemm.cuh): an instruction of 32 of k is one
// MX block, so a stage makes four products, each with an exponent for every row and every token.
//
// Scales     words of four exponents, copied as they lie: k % 128 == 0, rows of scales 4 bytes
// aligned
#include "src/gpu/cuda/mx_scales.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_swap_shape.h"

namespace octet::ops::gemm_mxfp8 {
namespace {

using namespace octet::gpu;

struct MxScales : swap::MxProducts {
  using Params = Sm90Params;

  /// Rows past the end take the last one's: their codes are zero.
  template <SwapShape S>
  struct Source {
    const uint8_t* a;
    const uint8_t* b[S.block_n / 32];
    int lane;

    __device__ __forceinline__ Source(const Params& p, int row, int own_lane)
        : a(p.a_scale + min(own_lane, p.m - 1) * p.a_scale_row), lane(own_lane) {
      static_assert(S.block_m <= 32);
#pragma unroll
      for (int i = 0; i < S.block_n / 32; ++i) {
        b[i] = p.b_scale + min(row + lane + 32 * i, p.n - 1) * p.b_scale_row;
      }
    }
    __device__ __forceinline__ void request(uint32_t scales, int k) const {
      if (lane < S.block_m) copy_word(scales + lane * 4, a + k * 4, true);
#pragma unroll
      for (int i = 0; i < S.block_n / 32; ++i) {
        copy_word(scales + (S.block_m + lane + 32 * i) * 4, b[i] + k * 4, true);
      }
    }
  };
};

}  // namespace

#define OCTET_KERNEL(M, N, GROUPS, STAGES)                                                   \
  extern "C" __global__ void __launch_bounds__(swap_shape(M, N, GROUPS, STAGES).threads())   \
      octet_sm90_mx_wgmma_swap_##M##x##N##_g##GROUPS(const __grid_constant__ Sm90Params p) { \
    swap::run<swap_shape(M, N, GROUPS, STAGES), MxScales>(p);                                \
  }
OCTET_SM90_MX_SWAP_KERNELS(OCTET_KERNEL)

}  // namespace octet::ops::gemm_mxfp8
