// e8m0 scales of 32 of k in the CPU kernels: which of them kernels multiply into their operands,
// and what becomes of the others.
//
// Method     a scale is a power of two, so that it multiplies a decoded code without rounding as
//            long as nothing leaves the range of float32 and bf16. Scales of kMxLow to kMxHigh on
//            both operands keep every product of two scaled codes a normal number. Rows with any
//            other scale on a block that is not zero are special: what a kernel made of them is
//            computed again, in double
// Requires   plain declarations and static functions (kernel.h)
#pragma once

#include <string.h>

#include "src/cpu/kernel.h"

namespace octet::cpu {

constexpr uint8_t kMxLow = 127 - 50, kMxHigh = 127 + 50;

/// The decode tables of e4m3fn with bit 0 of bf16_low set for nonzero finite codes: the mark that a
/// kernel adds an exponent to, and takes off by the same addition (avx512_fold.h).
const CodeTable& mx_code_table();

/// Whether a row of an operand has a NaN scale, or one outside kMxLow to kMxHigh on a block that
/// is not zero.
bool mx_row_is_special(const uint8_t* codes, const uint8_t* exponents, int64_t k);

static inline bool mx_token_is_special(const Task& task, int64_t m) {
  return mx_row_is_special(task.a + m * task.a_stride, task.a_exponent + m * task.a_exponent_stride,
                           task.k);
}

/// What a kernel has computed and stored.
struct MxUnit {
  int64_t n, n_end;  // may pass the last row of b
  int64_t m, m_end;
};

/// Computes the special rows and tokens of a unit again. `special` flags tokens from 0 on;
/// `outside`: a scale of the unit's rows of b is not in kMxLow to kMxHigh.
void mx_repair(const Task& task, const MxUnit& unit, const uint8_t* special, bool outside);

/// Blocks of 128 of k, the last of which may be shorter.
static inline int64_t mx_k_blocks(const Task& task) {
  return (task.k + kScaleBlock - 1) / kScaleBlock;
}

/// 2^(byte - 127); of bytes above kMxHigh that of kMxHigh, which zeros may be multiplied with.
static inline float mx_scale(uint8_t byte) {
  const uint32_t bits = static_cast<uint32_t>(byte < kMxHigh ? byte : kMxHigh) << 23;
  float scale;
  memcpy(&scale, &bits, sizeof scale);
  return scale;
}

/// 128 of k of a row, of which `left` exist, with zeros behind them.
static inline void mx_copy_tail(const uint8_t* codes, int64_t left, uint8_t* to) {
  memset(to, 0, kScaleBlock);
  memcpy(to, codes, static_cast<size_t>(left < kScaleBlock ? left : kScaleBlock));
}

}  // namespace octet::cpu
