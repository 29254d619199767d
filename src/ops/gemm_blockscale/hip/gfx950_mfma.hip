// Block-scaled FP8 GEMM by the matrix instruction of CDNA 4 over 128 of k, without its scales.
//
// Emits      v_mfma_f32_16x16x128_f8f6f4 buffer_load_dwordx4 ds_write_b128 ds_read_b128
//            v_pk_fma_f32 buffer_store_dwordx2 v_cvt_pk_bf16_f32
#include "src/gpu/hip/matrix.h"
#include "src/ops/gemm_blockscale/hip/mfma_gemm.h"

namespace octet::ops::gemm_blockscale {
namespace {

/// A lane's two chunks are those 64 of k apart: what the instruction takes.
struct F8f6f4Products {
  static constexpr int kRows = 16;
  using Sums = Float4;
  OCTET_DEVICE static Sums add(const Word4 (&rows)[2], const Word4 (&columns)[2], Sums sums) {
    return mma_16x16x128<MatrixFormat::kE4m3, MatrixFormat::kE4m3>(
        join(rows[0], rows[1]), join(columns[0], columns[1]), sums);
  }
};

template <MfmaTile kTile>
OCTET_DEVICE void run(const AmdParams& params) {
  run_mfma<MfmaGemm<kTile, F8f6f4Products, 128>>(params);
}

}  // namespace
}  // namespace octet::ops::gemm_blockscale

#define OCTET_MFMA_KERNEL(block_m, block_n, block_k, pipeline, waves)       \
  OCTET_KERNEL(octet::ops::gemm_blockscale::MfmaTile::kThreads, waves)      \
  octet_gfx950_mfma_##block_m##x##block_n##x##block_k##_v##pipeline(        \
      octet::ops::gemm_blockscale::AmdParams params) {                      \
    octet::ops::gemm_blockscale::run<octet::ops::gemm_blockscale::MfmaTile{ \
        block_m, block_n, block_k, pipeline}>(params);                      \
  }
OCTET_MFMA_TILES(OCTET_MFMA_KERNEL)
