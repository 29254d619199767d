// MXFP8 products of 1 to 16 tokens by vector instructions; the contract is gfx942_gemv.h.
//
// Emits      buffer_load_dwordx4 buffer_load_ubyte v_cvt_pk_f32_fp8 v_pk_fma_f32 v_ldexp_f32
//            ds_swizzle_b32 v_cvt_pk_bf16_f32@gfx950
#include "src/ops/gemm_mxfp8/hip/gemv_shape.h"
#include "src/ops/gemm_mxfp8/hip/gemv_tile.h"

namespace octet::ops::gemm_mxfp8 {

#define OCTET_GEMV(TOKENS, ROWS, WAVES)                                       \
  OCTET_KERNEL(256, WAVES) octet_gfx942_gemv_##TOKENS(HipParams p) {          \
    gemv_tile<TOKENS, ROWS, 1>(p);                                            \
  }                                                                           \
  OCTET_KERNEL(256, WAVES) octet_gfx942_gemv_##TOKENS##_shared(HipParams p) { \
    gemv_tile<TOKENS, ROWS, 4>(p);                                            \
  }
OCTET_HIP_MX_GEMVS(OCTET_GEMV)
#undef OCTET_GEMV

}  // namespace octet::ops::gemm_mxfp8
