// MXFP8 GEMM of codes at any address, by bytes; the contract is gfx942_simple.h.
#include "src/ops/gemm_mxfp8/hip/gemv_tile.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_KERNEL(256, 8) octet_gfx942_mx_simple(HipParams p) { gemv_tile<4, 1, 1, true>(p); }

}  // namespace octet::ops::gemm_mxfp8
