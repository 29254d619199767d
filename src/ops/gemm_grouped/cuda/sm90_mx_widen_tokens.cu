// Widens the rows of a to bf16 (mx_widen_tokens.cuh), for the launch of sm90_mx_widen that follows.
#include "src/gpu/cuda/barrier.cuh"
#include "src/gpu/cuda/mx_widen_tokens.cuh"
#include "src/ops/gemm_grouped/cuda/params.h"

namespace octet::ops::gemm_grouped {

/// A block widens 256 of k, 16 threads side by side, and walks over the rows, eight at once.
extern "C" __global__ void __launch_bounds__(128)
    octet_sm90_moe_mx_widen_tokens(const __grid_constant__ Sm90Params p) {
  gpu::dependency_pass(true);  // the next launch reads the slot list at once
  const int thread = static_cast<int>(threadIdx.x);
  const int column = (static_cast<int>(blockIdx.x) * 16 + thread % 16) * 16;
  if (column >= p.k) return;
  gpu::widen_column({p.a_codes, static_cast<const uint8_t*>(p.a_scale), p.a_row, p.a_scale_row,
                     p.wide_tokens, p.a_rows, p.k},
                    column, static_cast<int>(blockIdx.y) * 8 + thread / 16,
                    static_cast<int>(gridDim.y) * 8);
}

}  // namespace octet::ops::gemm_grouped
