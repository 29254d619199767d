// The gfx950 kernels of gemm_blockscale as functions of this CPU. Nothing in them depends on the
// kind of FP8 but the matrix instruction, so that they may be linked beside those of gfx942.
#define OCTET_HIP_GFX950
#include "src/ops/gemm_blockscale/hip/gfx950_mfma.hip"
