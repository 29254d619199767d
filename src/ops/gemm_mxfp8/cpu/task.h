// Calls and problems of gemm_mxfp8 as CPU kernels see them.
#pragma once

#include "src/cpu/launch.h"
#include "src/ops/gemm_mxfp8/problem.h"

namespace octet::ops::gemm_mxfp8 {

/// `shared` is not set.
cpu::Task make_task(const GemmMxfp8Args& args);

/// Sizes and no data: enough for a kernel's size functions.
cpu::Task make_task(const Problem& problem);

}  // namespace octet::ops::gemm_mxfp8
