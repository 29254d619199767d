// e8m0 scales of 32 of k in the CPU kernels: which of them kernels fold into their operands, and
// what becomes of the others.
//
// Method     a scale is a power of two, so that it multiplies a decoded code without rounding as
//            long as nothing leaves the range of float32: kernels take bytes kMxLow to kMxHigh as
//            they are, which keeps every product of two scaled codes a normal number, and clamp the
//            rest. Rows with a byte outside whose block has a nonzero code are computed again, in
//            double
// Requires   plain declarations (kernel.h): the functions are compiled for the baseline
#pragma once

#include "src/cpu/kernel.h"

namespace octet::cpu {

constexpr uint8_t kMxLow = 127 - 50, kMxHigh = 127 + 50;

/// The decode tables of e4m3fn with bit 0 of bf16_low set for nonzero finite codes: the mark that a
/// kernel adds an exponent to, and takes off by the same addition (avx512_fold.h).
const CodeTable& mx_code_table();

/// Whether a row of an operand has a NaN scale, or one outside kMxLow to kMxHigh on a block that
/// is not zero.
bool mx_row_is_special(const uint8_t* codes, const uint8_t* exponents, int64_t k);

/// Computes again, exactly, the special rows n to n_end of b for tokens m to m_end.
void mx_repair_rows(const Task& task, int64_t n, int64_t n_end, int64_t m, int64_t m_end);

/// The same for tokens whose flag is set; `flags` begins at token 0.
void mx_repair_tokens(const Task& task, const uint8_t* flags, int64_t m, int64_t m_end, int64_t n,
                      int64_t n_end);

}  // namespace octet::cpu
