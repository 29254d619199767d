// The gfx942 kernels of gemm_blockscale as functions of this CPU.
#include "src/ops/gemm_blockscale/hip/gfx942_mfma.hip"
