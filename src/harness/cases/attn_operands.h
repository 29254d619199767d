// Operands of attn_decode in memory of the host.
#pragma once

#include "octet/attn_decode.h"
#include "src/harness/cases/gemm_operands.h"
#include "src/ops/attn_decode/problem.h"

namespace octet::harness {

/// Keys or values and their scales.
struct AttnCache {
  Buffer codes, scale, shift, packed;
};

/// Everything of one call, in memory of the host.
struct AttnOperands {
  ops::attn_decode::Problem problem;
  Buffer q, seqlens, page_table, sinks, out, lse;
  AttnCache k, v;
  AttnDecodeArgs args;
  uint64_t seed = 1;
};

/// Operands of a check. The seed and the problem choose what the format leaves open: lengths from 0
/// up, size and order of pages, layout and strides, window, soft cap, sinks, split size, scales per
/// tensor or head, shifts packed or not. NaN in tokens that no sequence has; canaries around out
/// and lse. Exact: logits are 0 or so low that their weight is, and values small integers.
Result<AttnOperands> make_check_operands(const ops::attn_decode::Problem&, const CaseOptions&);

/// Dense operands without codes, as `options.attn` says; pages in shuffled order.
Result<AttnOperands> make_timing_operands(const ops::attn_decode::Problem&, const CaseOptions&);

/// Bytes of the codes of k, or of v.
int64_t code_bytes(const KvCache& cache);

}  // namespace octet::harness
