// Block-scaled FP8 GEMM by the 8-bit matrix instructions that gfx942 and gfx950 have.
//
// Emits      v_mfma_f32_16x16x32_fp8_fp8 v_mfma_f32_32x32x16_fp8_fp8 buffer_load_dwordx4
//            ds_write_b128 ds_read_b128 v_pk_fma_f32 buffer_store_dwordx2 v_cvt_pk_bf16_f32@gfx950
#include "src/ops/gemm_blockscale/hip/fp8_products.h"
#include "src/ops/gemm_blockscale/hip/mfma_gemm.h"

namespace octet::ops::gemm_blockscale {
namespace {

/// Tiles of 32 rows where a wave has as many: half the instructions.
template <MfmaTile kTile>
OCTET_DEVICE void run(const AmdParams& params) {
  constexpr int kRows = kTile.block_m / kTile.waves_m() % 32 == 0 ? 32 : 16;
  constexpr int kPlaneK =
      kTile.pipeline == 3 ? 64 : 128;  // two stages in 64 KiB for two workgroups
  run_mfma<MfmaGemm<kTile, Fp8Products<kRows>, kPlaneK>>(params);
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale

#define OCTET_MFMA_KERNEL(block_m, block_n, block_k, pipeline, waves)       \
  OCTET_KERNEL(octet::ops::gemm_blockscale::MfmaTile::kThreads, waves)      \
  octet_gfx942_mfma_##block_m##x##block_n##x##block_k##_v##pipeline(        \
      octet::ops::gemm_blockscale::AmdParams params) {                      \
    octet::ops::gemm_blockscale::run<octet::ops::gemm_blockscale::MfmaTile{ \
        block_m, block_n, block_k, pipeline}>(params);                      \
  }
OCTET_MFMA_TILES(OCTET_MFMA_KERNEL)
