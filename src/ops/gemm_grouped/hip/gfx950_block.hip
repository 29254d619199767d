// Grouped GEMM with scales of 128 of k by the matrix instructions of gfx950 over 128 of k; the
// contract is gfx950_block.h.
//
// Emits      v_mfma_f32_16x16x128_f8f6f4 buffer_load_dwordx4 buffer_load_dword ds_bpermute_b32
//            ds_write_b128 v_cvt_pk_bf16_f32
#include "src/gpu/hip/block_sums.h"
#include "src/gpu/hip/wide_product.h"
#include "src/ops/gemm_grouped/hip/grouped_tile.h"
#include "src/ops/gemm_grouped/hip/tile_shape.h"

namespace octet::ops::gemm_grouped {

#define OCTET_TILE(SLOTS, N, WAVES, HELD)                                                         \
  OCTET_KERNEL(64 * (WAVES), HELD) octet_gfx950_moe_block_##SLOTS##x##N##_w##WAVES(HipParams p) { \
    using Sums = gpu::hip::BlockSums<((SLOTS) + 15) / 16, (N) / 16, gpu::hip::WideProduct>;       \
    grouped_tile<BlockScales, Sums, SLOTS, WAVES>(p);                                             \
  }
OCTET_HIP_MOE_BLOCK_TILES(OCTET_TILE)
#undef OCTET_TILE

}  // namespace octet::ops::gemm_grouped
