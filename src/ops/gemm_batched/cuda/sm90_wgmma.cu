// A batch of products on sm90: both operands from shared memory. Few tokens are the columns of the
// tensor instruction, so that a tile of 16 wastes little; many are its rows.
//
// Grid       a block a multiprocessor; blocks walk over the tiles of all matrices
// Pipeline   ring.cuh; one or two warpgroups multiply (wgmma_consume.cuh)
#include "src/ops/gemm_batched/cuda/sm90_wgmma_shape.h"
#include "src/ops/gemm_batched/cuda/wgmma_consume.cuh"

namespace octet::ops::gemm_batched {
namespace {

template <TileShape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  run_block<S>(
      p, [](Shared<S>) {}, [&](Shared<S> shared) { consume<S>(p, shared); });
}

}  // namespace

#define OCTET_KERNEL(NAME, METHOD, KIND, LEFT, M, N, STAGES, RESIDENT)        \
  extern "C" __global__ void __launch_bounds__(N == 64 ? 256 : 384, RESIDENT) \
      octet_sm90_batched_##KIND##_##NAME##_##M##x##N##_s##STAGES(             \
          const __grid_constant__ Sm90Params p) {                             \
    run<TileShape{Method::METHOD, Left::LEFT, M, N, STAGES, RESIDENT}>(p);    \
  }
#define OCTET_KERNELS(...) OCTET_SM90_BATCHED_METHODS(OCTET_KERNEL, __VA_ARGS__)
OCTET_SM90_BATCHED_WGMMA_SHAPES(OCTET_KERNELS)
#define OCTET_INSIDE(...) OCTET_SM90_BATCHED_INSIDE(OCTET_KERNEL, __VA_ARGS__)
OCTET_SM90_BATCHED_INSIDE_SHAPES(OCTET_INSIDE)

}  // namespace octet::ops::gemm_batched
