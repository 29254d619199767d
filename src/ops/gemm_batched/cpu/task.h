// Calls of gemm_batched as its CPU kernels see them.
#pragma once

#include "src/ops/gemm_batched/cpu/kernel.h"
#include "src/ops/gemm_batched/problem.h"

namespace octet::ops::gemm_batched {

/// Of legal arguments.
Task make_task(const GemmBatchedArgs& args);

}  // namespace octet::ops::gemm_batched
