// A batch of products by plain loads: one warp a result, 128 of k a lane and step.
//
// Layout     any strides and alignment, any k
// Numerics   double; lanes sum in a fixed tree
#include "src/ops/gemm_batched/cuda/element.cuh"

namespace octet::ops::gemm_batched {

extern "C" __global__ void __launch_bounds__(256, 2)
    octet_sm90_batched_simple(const __grid_constant__ Sm90Params p) {
  const int lane = threadIdx.x % 32;
  const int64_t of_matrix = static_cast<int64_t>(p.m) * p.n, results = of_matrix * p.batch;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / 32);
  for (int64_t i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32; i < results; i += warps) {
    const int64_t batch = i / of_matrix, at = i % of_matrix, row = at / p.n, col = at % p.n;
    const ElementRow a(p.a_rows, batch, row), b(p.b_rows, batch, col);
    double sum = 0;
    for (int64_t k = lane * kElementRun; k < p.k; k += 32 * kElementRun) {
      sum += run_sum(p, a, b, k);
    }
#pragma unroll
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffff, sum, step);
    if (lane == 0) {
      gpu::store_result(p, batch * p.d_batch + row * p.d_row + col,
                        scaled_in_double(p, batch, row, col, sum));
    }
  }
}

}  // namespace octet::ops::gemm_batched
