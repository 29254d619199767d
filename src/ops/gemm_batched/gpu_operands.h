// A call of gemm_batched in the terms of the kernels of a GPU.
#pragma once

#include "octet/gemm_batched.h"
#include "src/ops/gemm_batched/gpu_params.h"
#include "src/ops/gemm_batched/problem.h"

namespace octet::ops::gemm_batched {

/// Of legal arguments.
GpuOperands gpu_operands(const GemmBatchedArgs& args, const Problem& problem);

}  // namespace octet::ops::gemm_batched
