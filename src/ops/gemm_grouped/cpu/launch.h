// Runs the routed rows of a call on the threads of a stream.
#pragma once

#include "octet/stream.h"
#include "src/ops/gemm_grouped/cpu/steps.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::ops::gemm_grouped::host {

/// kInvalidArgument where the slot list is wrong; nothing is written then.
///
/// Method   an expert's rows are gathered and multiplied as one dense product, however many tiles
///          they have. Threads take pieces of columns of experts, large ones first; a piece reads
///          its weights once, and its results are weighted, rounded and scattered from the cache.
///          A result is summed by one thread in one order, whatever piece it is in.
Status run(const Steps& steps, const GemmGroupedArgs& args, select::Workspace workspace,
           Stream& stream);

int64_t workspace_bytes(const Steps& steps, const Problem& problem, int threads);

}  // namespace octet::ops::gemm_grouped::host
