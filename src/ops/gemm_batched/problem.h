// The problem of gemm_batched: its fields, its formats, and the work that it means.
#pragma once

#include <cstdint>

#include "octet/gemm_batched.h"
#include "src/select/problem.h"

namespace octet::ops::gemm_batched {

enum class Format : uint8_t {
  kBf16,
  kA8w8,  // e4m3fn
  kA8w8Int8,
  kA8w8Prequant,
  kA16wfp4,
  kA16wfp4Wide,  // activations stay bf16
  kAfp4wfp4,
};

inline constexpr int64_t kMaxBatch = 4096;
inline constexpr int64_t kMxBlock = 32;  // of k: an e8m0 scale
inline constexpr int64_t kGroup = 128;   // of k: a scale of activations of a8w8_prequant

struct Problem {
  int64_t m = 0, n = 0, k = 0, batch = 1;
  Format format = Format::kBf16;
  DType d = DType::kBf16;

  double flops() const { return 2.0 * batch * m * n * k; }
  /// Bytes that must move once: a, b, scales, d; the largest int64 where it would pass that.
  int64_t bytes() const;
  /// Bytes of the codes of all weights; the same limit.
  int64_t b_bytes() const;
  bool is_fp4() const { return format >= Format::kA16wfp4; }
  bool is_a8w8() const { return format == Format::kA8w8 || format == Format::kA8w8Int8; }
  int64_t k_multiple() const { return is_fp4() ? kMxBlock : 1; }
  DType a_dtype() const;
  DType b_dtype() const;
};

/// Formats: 7 kinds of operands, 3 types of d.
inline constexpr uint32_t kNumFormats = 21;

const select::OpSchema& schema();

/// Of legal arguments.
Problem problem_of(const GemmBatchedArgs& args);
Problem from(const select::Problem& problem);
select::Problem to_select(const Problem& problem);

/// Bits of an element: 4 of e2m1.
constexpr int64_t bits_of(DType dtype) { return dtype == DType::kE2m1 ? 4 : 8 * size_of(dtype); }

}  // namespace octet::ops::gemm_batched
