// A batch of products for few tokens, of codes that are multiplied as they lie in memory
// (stream.h).
//
// Emits      v_mfma_f32_16x16x16_bf16@gfx942 v_mfma_f32_16x16x32_fp8_fp8@gfx942
//            v_mfma_i32_16x16x32_i8@gfx942 v_mfma_f32_16x16x32_bf16@gfx950
//            v_mfma_f32_16x16x128_f8f6f4@gfx950 v_mfma_i32_16x16x64_i8@gfx950
//            buffer_load_dwordx4
#include "src/ops/gemm_batched/hip/stream.h"

namespace octet::ops::gemm_batched::hip {

#define OCTET_STREAM_942(NAME, METHOD, M, N) OCTET_STREAM(gfx942, NAME, METHOD, M, N)
#define OCTET_STREAMS(M, N) OCTET_HIP_BATCHED_STREAM_METHODS(OCTET_STREAM_942, M, N)
OCTET_HIP_BATCHED_STREAMS(OCTET_STREAMS)
#undef OCTET_STREAMS
#undef OCTET_STREAM_942

}  // namespace octet::ops::gemm_batched::hip
