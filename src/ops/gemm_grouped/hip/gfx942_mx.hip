// Grouped MXFP8 GEMM by FP8 matrix instructions over 32 of k; the contract is gfx942_mx.h.
//
// Emits      v_mfma_f32_16x16x32_fp8_fp8 buffer_load_dwordx4 buffer_load_dword ds_bpermute_b32
//            v_ldexp_f32 ds_write_b128 v_cvt_pk_bf16_f32@gfx950
#include "src/gpu/hip/mx_promoted.h"
#include "src/ops/gemm_grouped/hip/grouped_tile.h"
#include "src/ops/gemm_grouped/hip/tile_shape.h"

namespace octet::ops::gemm_grouped {

#define OCTET_TILE(SLOTS, N, WAVES, HELD)                                                      \
  OCTET_KERNEL(64 * (WAVES), HELD) octet_gfx942_moe_mx_##SLOTS##x##N##_w##WAVES(HipParams p) { \
    using Sums = gpu::hip::MxPromotedSums<((SLOTS) + 15) / 16, (N) / 16>;                      \
    grouped_tile<MxScales, Sums, SLOTS, WAVES>(p);                                             \
  }
OCTET_GFX942_MOE_MX_TILES(OCTET_TILE)
#undef OCTET_TILE

}  // namespace octet::ops::gemm_grouped
