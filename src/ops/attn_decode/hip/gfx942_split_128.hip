// gfx942_split for heads of dim 128.
#include "src/ops/attn_decode/hip/split.h"
#include "src/ops/attn_decode/hip/split_kernels.h"

namespace octet::ops::attn_decode::hip {

OCTET_HIP_ATTN_128(OCTET_HIP_ATTN_KERNEL)

}  // namespace octet::ops::attn_decode::hip
