// Calls and problems of gemm_blockscale as CPU kernels see them.
#pragma once

#include "octet/gemm_blockscale.h"
#include "src/cpu/launch.h"
#include "src/ops/gemm_blockscale/problem.h"

namespace octet::ops::gemm_blockscale::cpu {

using namespace octet::cpu;  // NOLINT: one vocabulary

/// `shared` is not set.
Task make_task(const GemmBlockscaleArgs& args);

/// Sizes and no data: enough for a kernel's size functions.
Task make_task(const Problem& problem);

Status run(const Kernel& kernel, const GemmBlockscaleArgs& args, select::Workspace workspace,
           Stream& stream);
int64_t workspace_bytes(const Kernel& kernel, const Problem& problem, int threads);

}  // namespace octet::ops::gemm_blockscale::cpu
