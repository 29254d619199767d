// Grouped MXFP8 GEMM by the scaled matrix instructions of gfx950; the contract is gfx950_mx.h.
//
// Emits      v_mfma_scale_f32_16x16x128_f8f6f4 buffer_load_dwordx4 buffer_load_ubyte
// ds_bpermute_b32
//            ds_write_b128 v_cvt_pk_bf16_f32
#include "src/gpu/hip/mx_scaled.h"
#include "src/ops/gemm_grouped/hip/grouped_tile.h"
#include "src/ops/gemm_grouped/hip/tile_shape.h"

namespace octet::ops::gemm_grouped {

#define OCTET_TILE(SLOTS, N, WAVES, HELD)                                                      \
  OCTET_KERNEL(64 * (WAVES), HELD) octet_gfx950_moe_mx_##SLOTS##x##N##_w##WAVES(HipParams p) { \
    using Sums = gpu::hip::MxScaledSums<((SLOTS) + 15) / 16, (N) / 16>;                        \
    grouped_tile<MxScales, Sums, SLOTS, WAVES>(p);                                             \
  }
OCTET_GFX950_MOE_MX_TILES(OCTET_TILE)
#undef OCTET_TILE

}  // namespace octet::ops::gemm_grouped
