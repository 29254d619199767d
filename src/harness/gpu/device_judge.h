// Judges results where they lie, on a GPU: a tuning run checks every finalist of thousands of
// problems, some of gigabytes.
#pragma once

#include <span>

#include "src/harness/cases/gemm_blockscale.h"
#include "src/harness/cases/gemm_mxfp8.h"

namespace octet::harness {

/// The elements of d against the double-precision sums that the GPU makes itself of the same
/// operands: FP8, finite, rows of a and b aligned to 16 bytes. Waits for the stream.
Result<CheckReport> judge_on_device(const GemmBlockscaleArgs& args,
                                    std::span<const Element> elements, BlockSums sums,
                                    Stream& stream);
Result<CheckReport> judge_on_device(const GemmMxfp8Args& args, std::span<const Element> elements,
                                    BlockSums sums, Stream& stream);

}  // namespace octet::harness
