// What the cases of dense GEMMs share: operands in memory, how they are filled, and where canaries
// lie.
#pragma once

#include <array>

#include "octet/tensor.h"
#include "src/core/formats.h"
#include "src/harness/case.h"
#include "src/harness/memory.h"
#include "src/harness/random.h"

namespace octet::harness {

/// Everything that one call needs, in memory.
template <class ArgsType, class ProblemType>
struct GemmOperands {
  using Args = ArgsType;
  using Problem = ProblemType;

  Problem problem;
  Buffer a, b, a_scale, b_scale, d;
  Args args;
  uint64_t seed = 1;  // of the operands, and of what is looked at in a large result
};

inline constexpr int64_t kCanaryBytes = 4096;  // before and behind d
inline constexpr uint8_t kPoison = 0xff;       // NaN as bf16, f16 and f32

/// Fills d and everything around it with a pattern that no right result has.
void poison(const Buffer& d);

template <class Args, class Problem>
void poison(const GemmOperands<Args, Problem>& operands) {
  poison(operands.d);
}

/// kInvalidArgument for operands beyond the memory of the device. Why: near 2^31 the sizes of
/// single operands, padded for checking, would pass 64 bits.
Status check_memory(const select::Op& op, const select::Problem& problem, const Device& device);

/// The code that stands for each random byte, in eight rows and in the eight rows after them.
/// Exact: small integers. Otherwise uniform over the finite codes: both signs, subnormals, every
/// binade. Why two: kernels decode rows without zeros and subnormals by a shorter way.
using CodeChoice = std::array<std::array<uint8_t, 256>, 2>;
CodeChoice code_choice(const Minifloat& format, Inputs inputs);

/// Rows from `first_row` on; `cols` is a multiple of 8.
void fill_codes(Random& random, const CodeChoice& choice, uint8_t* data, int64_t rows, int64_t cols,
                int64_t stride, int64_t first_row = 0);

/// f32 scales. Exact: a power of two near 1. Random: a magnitude of its own for every block, over 8
/// binades, so that a wrong index changes the result by far more than rounding.
void fill_block_scales(Random& random, Inputs inputs, const Buffer& scales);
/// e8m0 scales, the same: near 1, or of 8 binades.
void fill_mx_scales(Random& random, Inputs inputs, const Buffer& scales);

/// Where operands are, on the host or on a GPU; d at its first element.
struct GemmPointers {
  const void *a, *b, *a_scale, *b_scale;
  void* d;
};

/// Of operands in buffers.
template <class Args, class Problem>
GemmPointers pointers_of(const GemmOperands<Args, Problem>& o) {
  return {o.a.data(), o.b.data(), o.a_scale.data(), o.b_scale.data(), o.d.data() + kCanaryBytes};
}

struct GemmStrides {
  int64_t a, b, d;  // in elements
};

/// Of a check: no row begins where the one before it ends.
inline GemmStrides check_strides(int64_t n, int64_t k) { return {k + 48, k + 80, n + 13}; }

/// Bytes from the first element of a matrix to the end of its last row.
inline int64_t span_bytes(int64_t rows, int64_t cols, int64_t stride) {
  return rows == 0 ? 0 : (rows - 1) * stride + cols;
}

}  // namespace octet::harness
