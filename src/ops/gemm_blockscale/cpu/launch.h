// Runs a CPU kernel of gemm_blockscale on the threads of a stream; pairs a kernel with its
// variants.
#pragma once

#include <vector>

#include "octet/gemm_blockscale.h"
#include "src/ops/gemm_blockscale/cpu/kernel.h"
#include "src/ops/gemm_blockscale/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_blockscale::cpu {

/// The decode tables of e4m3fn or e4m3fnuz.
const CodeTable& code_table(DType kind);

/// Prepare, meet, compute: each thread takes an equal range of units.
Status run(const Kernel& kernel, const GemmBlockscaleArgs& args, select::Workspace workspace,
           Stream& stream);

int64_t workspace_bytes(const Kernel& kernel, const Problem& problem, int threads);

/// A call as kernels see it; `shared` is not set.
Task make_task(const GemmBlockscaleArgs& args);

}  // namespace octet::ops::gemm_blockscale::cpu
