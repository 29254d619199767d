// Runs a CPU kernel of gemm_batched on the threads of a stream.
#pragma once

#include "octet/status.h"
#include "octet/stream.h"
#include "src/ops/gemm_batched/cpu/rounds.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_batched {

/// Rounds of rows of a that fit the workspace: each thread widens an equal share of them, all meet,
/// each thread takes an equal share of the round's units of d.
Status run(const Kernel& kernel, const GemmBatchedArgs& args, select::Workspace workspace,
           Stream& stream);

int64_t workspace_bytes(const Problem& problem, int threads);

}  // namespace octet::ops::gemm_batched
