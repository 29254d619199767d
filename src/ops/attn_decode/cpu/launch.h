// Runs a CPU kernel on the threads of a stream: splits in parallel, then the splits of an item that
// threads share are folded, in ascending tokens as everywhere, so that no bit depends on threads.
#pragma once

#include "octet/stream.h"
#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/problem.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode {

Status run(const Kernel& kernel, int64_t split_tokens, const AttnDecodeArgs& args,
           select::Workspace workspace, Stream& stream);

/// For any split size that a call may ask for.
int64_t workspace_bytes(const Problem& p, int threads);

}  // namespace octet::ops::attn_decode
