// gfx942_split for heads of dim 256.
#include "src/ops/attn_decode/hip/split.h"
#include "src/ops/attn_decode/hip/split_kernels.h"

namespace octet::ops::attn_decode::hip {

OCTET_HIP_ATTN_256(OCTET_HIP_ATTN_KERNEL)

}  // namespace octet::ops::attn_decode::hip
