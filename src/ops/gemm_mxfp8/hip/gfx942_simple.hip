// MXFP8 GEMM of codes at any address, by bytes; the contract is gfx942_simple.h.
//
// Emits      buffer_load_ubyte v_cvt_pk_f32_fp8 v_pk_fma_f32 v_ldexp_f32 ds_swizzle_b32
#include "src/ops/gemm_mxfp8/hip/gemv_tile.h"

namespace octet::ops::gemm_mxfp8 {

OCTET_KERNEL(256, 8) octet_gfx942_mx_simple(HipParams p) { gemv_tile<4, 1, 1, true>(p); }

}  // namespace octet::ops::gemm_mxfp8
