#include "src/ops/gemm_blockscale/hip/gfx942_mfma.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_blockscale {

OCTET_GFX942_CODE(kGfx942Mfma, gemm_blockscale, gfx942_mfma);

const gpu::Kernel& Gfx942Mfma::kernel(int config) {
#define OCTET_MFMA_ENTRY(block_m, block_n, block_k, pipeline, waves)                               \
  gpu::Kernel(kGfx942Mfma, "octet_gfx942_mfma_" #block_m "x" #block_n "x" #block_k "_v" #pipeline, \
              0),
  static const gpu::Kernel kernels[] = {OCTET_MFMA_TILES(OCTET_MFMA_ENTRY)};
#undef OCTET_MFMA_ENTRY
  return kernels[config];
}

}  // namespace octet::ops::gemm_blockscale
