#include "src/ops/gemm_blockscale/hip/gfx950_mfma.h"

#include "src/device/embedded_kernels.h"

namespace octet::ops::gemm_blockscale {

OCTET_GFX950_CODE(kGfx950Mfma, gemm_blockscale, gfx950_mfma);

const gpu::Kernel& Gfx950Mfma::kernel(int config) {
#define OCTET_MFMA_ENTRY(block_m, block_n, block_k, pipeline, waves)                               \
  gpu::Kernel(kGfx950Mfma, "octet_gfx950_mfma_" #block_m "x" #block_n "x" #block_k "_v" #pipeline, \
              0),
  static const gpu::Kernel kernels[] = {OCTET_MFMA_TILES(OCTET_MFMA_ENTRY)};
#undef OCTET_MFMA_ENTRY
  return kernels[config];
}

}  // namespace octet::ops::gemm_blockscale
