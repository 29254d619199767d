// A batch of products with e2m1 weights on sm90, which are the rows of the tensor instruction;
// tokens, prepared by sm90_prepare, are its columns. Weights become bf16 in registers with their
// exponents folded in, or, where tokens are e2m1 too, e4m3.
//
// Grid       a block a multiprocessor; blocks walk over the tiles of all matrices
// Pipeline   ring.cuh; one warp brings exponents that no map reads, warpgroups decode and multiply
//            (fp4_consume.cuh, fp4_codes_consume.cuh)
#include "src/ops/gemm_batched/cuda/fp4_codes_consume.cuh"
#include "src/ops/gemm_batched/cuda/sm90_fp4_shape.h"

namespace octet::ops::gemm_batched {
namespace {

template <TileShape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  run_block<S>(
      p,
      [&](Shared<S> shared) {
        if (!p.exponents_mapped) feed_exponents<S>(p, shared);
      },
      [&](Shared<S> shared) {
        if constexpr (S.method == Method::kE2m1Codes) {
          consume_codes<S>(p, shared);
        } else {
          consume_fp4<S>(p, shared);
        }
      });
}

}  // namespace

#define OCTET_KERNEL(NAME, METHOD, M, N, STAGES, RESIDENT, OWN)                                   \
  extern "C" __global__ void __launch_bounds__(fp4_shape(Method::METHOD, M, N, STAGES).threads(), \
                                               RESIDENT)                                          \
      octet_sm90_batched_##NAME##_##M##x##N(const __grid_constant__ Sm90Params p) {               \
    run<fp4_shape(Method::METHOD, M, N, STAGES, RESIDENT, OWN)>(p);                               \
  }
OCTET_SM90_BATCHED_FP4_SHAPES(OCTET_KERNEL)

}  // namespace octet::ops::gemm_batched
