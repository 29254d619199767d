// A batch of products on sm90: weights are the rows of the tensor instruction, tokens its columns,
// so that a tile of 16 tokens wastes little.
//
// Grid       a block a multiprocessor; blocks walk over the tiles of all matrices
// Pipeline   ring.cuh; one or two warpgroups multiply (swap_consume.cuh)
#include "src/ops/gemm_batched/cuda/sm90_swap_shape.h"
#include "src/ops/gemm_batched/cuda/swap_consume.cuh"

namespace octet::ops::gemm_batched {
namespace {

template <TileShape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  run_block<S>(p, [](Shared<S>) {}, [&](Shared<S> shared) { consume<S>(p, shared); });
}

}  // namespace

#define OCTET_KERNEL(NAME, METHOD, M, N, STAGES, RESIDENT)                \
  extern "C" __global__ void __launch_bounds__(N == 64 ? 256 : 384, RESIDENT) \
      octet_sm90_batched_swap_##NAME##_##M##x##N##_s##STAGES(                  \
          const __grid_constant__ Sm90Params p) {                              \
    run<TileShape{Method::METHOD, M, N, STAGES, RESIDENT}>(p);                \
  }
#define OCTET_KERNELS(...) OCTET_SM90_BATCHED_METHODS(OCTET_KERNEL, __VA_ARGS__)
OCTET_SM90_BATCHED_SWAP_SHAPES(OCTET_KERNELS)

}  // namespace octet::ops::gemm_batched
