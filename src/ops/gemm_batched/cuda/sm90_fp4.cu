// A batch of products with e2m1 weights on sm90: weights become bf16 in registers and are the rows
// of the tensor instruction, tokens, in bf16 by sm90_prepare, its columns.
//
// Grid       a block a multiprocessor; blocks walk over the tiles of all matrices
// Pipeline   ring.cuh; one warp brings exponents that no map reads, warpgroups widen and multiply
//            (fp4_consume.cuh)
#include "src/ops/gemm_batched/cuda/fp4_consume.cuh"
#include "src/ops/gemm_batched/cuda/sm90_fp4_shape.h"

namespace octet::ops::gemm_batched {
namespace {

template <TileShape S>
__device__ __forceinline__ void run(const Sm90Params& p) {
  // Plain bf16 tokens are what they are; weights, and tokens with exponents, lie below their
  // values.
  constexpr float kOne = 1 << kFp4Offset, kBoth = 1 << 2 * kFp4Offset;
  const float unit = p.a_rows.codes == DeviceCodes::kBf16 ? kOne : kBoth;
  run_block<S>(
      p,
      [&](Shared<S> shared) {
        if (!p.exponents_mapped) feed_exponents<S>(p, shared);
      },
      [&](Shared<S> shared) { consume_fp4<S>(p, shared, unit); });
}

}  // namespace

#define OCTET_KERNEL(M, N, STAGES)                                                   \
  extern "C" __global__ void __launch_bounds__(fp4_shape(M, N, STAGES).threads(), 1) \
      octet_sm90_batched_fp4_##M##x##N(const __grid_constant__ Sm90Params p) {       \
    run<fp4_shape(M, N, STAGES)>(p);                                                 \
  }
OCTET_SM90_BATCHED_FP4_SHAPES(OCTET_KERNEL)

}  // namespace octet::ops::gemm_batched
