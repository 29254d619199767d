// Operands of gemm_blockscale, and the judge of its results.
#pragma once

#include <vector>

#include "octet/gemm_blockscale.h"
#include "src/harness/case.h"
#include "src/harness/memory.h"
#include "src/ops/gemm_blockscale/cpu/generic_ref.h"
#include "src/ops/gemm_blockscale/problem.h"

namespace octet::harness {

/// Everything that one call needs, in memory.
struct GemmBlockscaleOperands {
  ops::gemm_blockscale::Problem problem;
  Buffer a, b, a_scale, b_scale, d;
  GemmBlockscaleArgs args;
  uint64_t seed = 1;  // of the operands, and of what is looked at in a large result
};

/// Operands of a check: padded strides, unreadable pages behind a and b, canaries around d, and
/// a_scale column-major for odd seeds.
Result<GemmBlockscaleOperands> make_check_operands(const ops::gemm_blockscale::Problem&,
                                                   const CaseOptions&);

/// Fills d and everything around it with a pattern that no right result has.
void poison(GemmBlockscaleOperands& operands);

/// How products are summed inside a block of 128 of k (docs/numerics.md).
enum class BlockSums : uint8_t {
  kFloat32,
  kTensorCore,  // sm90: terms are cut 13 bits below the largest
};

/// An element of d.
struct Element {
  int64_t m, n;
};

/// What a judge looks at: every element of small problems; of large ones some columns in each row,
/// or of tall ones in a sample of rows (row_sample.h), both by the seed and the problem.
std::vector<Element> sample_elements(const ops::gemm_blockscale::Problem&, uint64_t seed);

/// Adds one element to the report. `bitwise`: inputs were exact.
void judge_element(const ops::gemm_blockscale::Problem&, Element at,
                   const ops::gemm_blockscale::ExactElement& exact, float got, bool bitwise,
                   BlockSums sums, CheckReport& report);

/// Compares the sampled elements of d with the double-precision reference; then the canaries.
CheckReport judge(const GemmBlockscaleOperands& operands, Inputs inputs, Stream& stream,
                  BlockSums sums = BlockSums::kFloat32);

/// Scales of a timing, row after row.
std::vector<float> timing_scales(int64_t count, const CaseOptions&);

/// The instance on a GPU: operands are made on the host and copied, judged on the host.
Result<std::unique_ptr<Instance>> make_gemm_blockscale_gpu(const ops::gemm_blockscale::Problem&,
                                                           const CaseOptions&, Stream&);

Result<std::unique_ptr<Instance>> make_gemm_blockscale(const select::Problem&, Stream&,
                                                       const CaseOptions&);

}  // namespace octet::harness
