// The judge of attn_decode: rows against double precision, with a bound derived from how kernels
// round (docs/numerics.md).
#pragma once

#include "src/harness/cases/attn_operands.h"

namespace octet::harness {

/// Compares a sample of rows, all elements and the lse of each, with the double-precision
/// reference; then nothing but out and lse may have been written.
CheckReport judge(const AttnOperands& operands, Inputs inputs, Stream& stream);

}  // namespace octet::harness
