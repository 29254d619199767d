// The gfx942 kernels of gemm_mxfp8 as functions of this CPU, as a gfx942 has them.
#include "src/ops/gemm_mxfp8/hip/gfx942_gemv.hip"
#include "src/ops/gemm_mxfp8/hip/gfx942_mfma.hip"
#include "src/ops/gemm_mxfp8/hip/gfx942_reduce.hip"
#include "src/ops/gemm_mxfp8/hip/gfx942_simple.hip"
