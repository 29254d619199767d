// The same of e2m1 on both sides: the matrix instruction of gfx950 takes its codes and exponents.
//
// Emits      v_mfma_scale_f32_16x16x128_f8f6f4 buffer_load_dwordx4 buffer_load_ubyte
#include "src/ops/gemm_batched/hip/stream.h"

namespace octet::ops::gemm_batched::hip {

#define OCTET_STREAMS(M, N) OCTET_STREAM(gfx950, e2m1, kE2m1, M, N)
OCTET_HIP_BATCHED_STREAMS(OCTET_STREAMS)
#undef OCTET_STREAMS

}  // namespace octet::ops::gemm_batched::hip
