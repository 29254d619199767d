// The judge of dense GEMMs: element by element against double precision, with a bound derived from
// the formats; then the canaries.
#pragma once

#include <functional>
#include <vector>

#include "src/cpu/exact.h"
#include "src/harness/case.h"
#include "src/harness/cases/gemm_operands.h"

namespace octet::harness {

/// How products are summed inside a block of 128 of k (docs/numerics.md).
enum class BlockSums : uint8_t {
  kFloat32,
  kTensorCore,  // sm90: terms are cut 13 bits below the largest
};
/// Of the kernels of an arch.
inline BlockSums block_sums_of(Arch arch) {
  return arch == Arch::kSm90 ? BlockSums::kTensorCore : BlockSums::kFloat32;
}

/// What a judge needs to know of a problem.
struct GemmSize {
  int64_t m = 0, n = 0, k = 0;
  DType d = DType::kBf16;
  double roundings = 0;  // of float32 on the way to one element, in any order
  double underflow = 0;  // absolute error of terms below the normal numbers of float32
};

/// An element of d.
struct Element {
  int64_t m, n;
};

/// What a judge looks at: every element of small problems; of large ones some columns in each row,
/// or of tall ones in a sample of rows (row_sample.h), both by the seed and the problem.
std::vector<Element> sample_elements(const GemmSize& size, uint64_t seed);

/// An element of d from its bytes.
float decode_element(const void* bytes, DType d);

/// Adds one element to the report. `bitwise`: inputs were exact.
void judge_element(const GemmSize& size, Element at, const cpu::ExactElement& exact, float got,
                   bool bitwise, BlockSums sums, CheckReport& report);

/// A result on the host.
struct GemmResult {
  GemmSize size;
  Matrix d;
  const Buffer* memory;  // of d and its canaries
  std::function<cpu::ExactElement(int64_t m, int64_t n)> exact;
  uint64_t seed = 1;
  std::function<bool(int64_t m)> written = nullptr;  // whether row m is a result; null: all are
};

/// Compares the sampled elements of d with the double-precision reference; then the canaries.
CheckReport judge(const GemmResult& result, bool bitwise, Stream& stream, BlockSums sums);

}  // namespace octet::harness
