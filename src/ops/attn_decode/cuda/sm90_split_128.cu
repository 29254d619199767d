// sm90_split for head dim 128.
#include "src/ops/attn_decode/cuda/split.cuh"
#include "src/ops/attn_decode/cuda/split_kernels.h"

namespace octet::ops::attn_decode {

OCTET_SM90_ATTN_128(OCTET_SM90_ATTN_KERNEL, split, 8)

}  // namespace octet::ops::attn_decode
