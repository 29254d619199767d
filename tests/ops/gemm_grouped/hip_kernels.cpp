// The gfx942 kernels of gemm_grouped as functions of this CPU, as a gfx942 has them.
#include "src/ops/gemm_grouped/hip/gfx942_block.hip"
#include "src/ops/gemm_grouped/hip/gfx942_mx.hip"
#include "src/ops/gemm_grouped/hip/gfx942_simple.hip"
