// Rows of both operands with their scales, for kernels that decode to f32.
//
// Layout     shared: `rows` x k in f32, whole blocks of 128 of k with zeros past the end; then,
// where
//            scales are e8m0, a flag for each token (mx.h)
// Requires   any instruction set; include only from kernel files
#pragma once

#include "src/cpu/mx.h"

namespace octet::cpu {
namespace {

/// Blocks of 128 of k; e8m0 scales allow the last one to be shorter.
template <Scales S>
static inline int64_t k_blocks(const Task& t) {
  return S == Scales::kE8m0Of32 ? mx_k_blocks(t) : t.k / kScaleBlock;
}

template <Scales S>
static inline int64_t decoded_bytes(const Task& t, int64_t rows) {
  return rows * k_blocks<S>(t) * kScaleBlock * 4 + (S == Scales::kE8m0Of32 ? t.m : 0);
}

static inline uint8_t* token_flags(const Task& t, int64_t rows) {
  return t.shared + rows * mx_k_blocks(t) * kScaleBlock * 4;
}

/// 128 of k of a token, and what decoded codes are multiplied with for each 32: `factor`, times the
/// scale where it is e8m0.
template <Scales S>
struct TokenBlock {
  TokenBlock(const Task& t, int64_t m, int64_t kb, float factor_all)
      : codes(t.a + m * t.a_stride + kb * kScaleBlock) {
    for (float& f : factor) f = factor_all;
    if (S == Scales::kF32Of128) return;
    const uint8_t* exponents = t.a_exponent + m * t.a_exponent_stride;
    const int64_t left = t.k - kb * kScaleBlock;
    for (int i = 0; i < 4 && i * kMxBlock < left; ++i) factor[i] *= mx_scale(exponents[kb * 4 + i]);
    if (left < kScaleBlock) {
      mx_copy_tail(codes, left, copy);
      codes = copy;
    }
  }
  TokenBlock(const TokenBlock&) = delete;
  TokenBlock& operator=(const TokenBlock&) = delete;

  const uint8_t* codes;
  float factor[4];
  uint8_t copy[S == Scales::kE8m0Of32 ? kScaleBlock : 1];
};

/// Sets the flag of token m, once: with its first block.
template <Scales S>
static inline void mark_token(const Task& t, int64_t m, int64_t kb, int64_t rows) {
  if (S == Scales::kF32Of128 || kb != 0) return;
  token_flags(t, rows)[m] = mx_token_is_special(t, m);
}

/// Whether an e8m0 scale of rows n on of b is not in kMxLow to kMxHigh.
static inline bool rows_outside(const Task& t, int64_t n, int64_t rows) {
  const int64_t end = n + rows < t.n ? n + rows : t.n;
  uint8_t worst = 0;
  for (; n < end; ++n) {
    const uint8_t* exponents = t.b_exponent + n * t.b_exponent_stride;
    for (int64_t i = 0; i < t.k / kMxBlock; ++i) {
      const uint8_t above = static_cast<uint8_t>(exponents[i] - kMxLow);  // wraps below
      worst = above > worst ? above : worst;
    }
  }
  return worst > kMxHigh - kMxLow;
}

/// The e8m0 scales of rows n on of b times `factor`, (rows, k/128, 4), 1 past the end of k; past
/// the last row those of the last.
static inline void row_scales(const Task& t, int64_t n, int64_t rows, float factor, float* scales) {
  const int64_t blocks = t.k / kMxBlock, stride = mx_k_blocks(t) * 4;
  for (int64_t r = 0; r < rows; ++r, scales += stride) {
    const uint8_t* exponents = t.b_exponent + (n + r < t.n ? n + r : t.n - 1) * t.b_exponent_stride;
    for (int64_t i = 0; i < blocks; ++i) scales[i] = mx_scale(exponents[i]) * factor;
    for (int64_t i = blocks; i < stride; ++i) scales[i] = factor;
  }
}

}  // namespace
}  // namespace octet::cpu
