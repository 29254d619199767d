// A batch of products for few tokens, of codes that are multiplied as they lie in memory
// (stream.h).
#include "src/ops/gemm_batched/hip/stream.h"

namespace octet::ops::gemm_batched::hip {

#define OCTET_STREAM_942(NAME, METHOD, M, N) OCTET_STREAM(gfx942, NAME, METHOD, M, N)
#define OCTET_STREAMS(M, N) OCTET_HIP_BATCHED_STREAM_METHODS(OCTET_STREAM_942, M, N)
OCTET_HIP_BATCHED_STREAMS(OCTET_STREAMS)
#undef OCTET_STREAMS
#undef OCTET_STREAM_942

}  // namespace octet::ops::gemm_batched::hip
