// The test kernels for the CPU.
#define OCTET_HIP_GFX950
#include "tests/amdgcn/kernels/gemm.hip"
