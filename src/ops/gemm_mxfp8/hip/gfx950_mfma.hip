// MXFP8 GEMM by the scaled matrix instructions of gfx950; the contract is gfx950_mfma.h.
//
// Emits      v_mfma_scale_f32_16x16x128_f8f6f4 buffer_load_dwordx4 buffer_load_ubyte ds_write_b128
//            v_cvt_pk_bf16_f32
#include "src/gpu/hip/mx_scaled.h"
#include "src/ops/gemm_mxfp8/hip/mfma_shape.h"
#include "src/ops/gemm_mxfp8/hip/mfma_tile.h"

namespace octet::ops::gemm_mxfp8 {

#define OCTET_TILE(M, N, WAVES, HELD)                                                    \
  OCTET_KERNEL(64 * (WAVES), HELD) octet_gfx950_mfma_##M##x##N##_w##WAVES(HipParams p) { \
    mfma_tile<gpu::hip::MxScaledSums<(M) / 16, (N) / 16>, WAVES>(p);                     \
  }
OCTET_GFX950_MX_TILES(OCTET_TILE)
#undef OCTET_TILE

}  // namespace octet::ops::gemm_mxfp8
