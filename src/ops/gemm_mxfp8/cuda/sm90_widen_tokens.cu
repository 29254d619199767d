// Widens the tokens of an MXFP8 GEMM to bf16 (mx_widen_tokens.cuh), for the launch of
// sm90_wgmma_widen that follows.
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/mx_widen_tokens.cuh"
#include "src/ops/gemm_mxfp8/cuda/params.h"

namespace octet::ops::gemm_mxfp8 {

/// A thread widens 16 codes of a token; blocks of y walk over tokens.
extern "C" __global__ void __launch_bounds__(128)
    octet_sm90_mx_widen_tokens(const __grid_constant__ Sm90Params p) {
  gpu::dependency_release();
  gpu::dependency_wait();
  const int column = (blockIdx.x * 128 + threadIdx.x) * 16;
  if (column >= p.k) return;
  gpu::widen_column({p.a_codes, p.a_scale, p.a_row, p.a_scale_row, p.wide_tokens, p.m, p.k}, column,
                    static_cast<int>(blockIdx.y), static_cast<int>(gridDim.y));
}

}  // namespace octet::ops::gemm_mxfp8
