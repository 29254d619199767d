// The judge of attn_decode: rows against double precision, with a bound derived from how kernels
// round (docs/numerics.md).
#pragma once

#include "src/harness/cases/attn_operands.h"

namespace octet::harness {

/// What a kernel computes with.
enum class AttnArithmetic : uint8_t {
  kFloat32,
  kTensorCore,  // sm90: weights of values are f16, sums are cut at 2^-23 of the largest term
};

/// Compares a sample of rows, all elements and the lse of each, with the double-precision
/// reference; then nothing but out and lse may have been written.
CheckReport judge(const AttnOperands& operands, Inputs inputs, Stream& stream,
                  AttnArithmetic arithmetic = AttnArithmetic::kFloat32);

}  // namespace octet::harness
