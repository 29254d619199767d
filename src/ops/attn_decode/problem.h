// The problem of attn_decode: its fields, its formats, and the work that it means.
#pragma once

#include <cstdint>

#include "octet/attn_decode.h"
#include "src/select/problem.h"

namespace octet::ops::attn_decode {

/// What kernels read of scales: constants of a KV head, a scale or a scale and shift of each token.
enum class Scales : uint8_t { kConstant, kToken, kTokenShift };

struct Problem {
  int64_t batch = 0, q_heads = 1, kv_heads = 1, dim = 128;
  int64_t context = 0;   // tokens of the longest sequence
  int64_t q_tokens = 1;  // of each sequence
  DType kv = DType::kE4m3fn;
  DType q = DType::kBf16;
  DType out = DType::kBf16;
  Scales scales = Scales::kConstant;
  bool paged = false;

  /// Rows of q that read one KV head of a sequence.
  int64_t rows() const { return q_tokens * (q_heads / kv_heads); }
  double flops() const;
  /// Codes and scales of every sequence at its longest, q and out; the largest int64 where it would
  /// pass that.
  int64_t bytes() const;
  /// Bytes of codes and scales of keys and values in a token of one KV head.
  int64_t token_bytes() const;
};

/// Formats: 2 kinds of codes, 2 types of q, 3 of out, 3 of scales, contiguous or paged.
inline constexpr uint32_t kNumFormats = 72;

const select::OpSchema& schema();

/// Of legal arguments.
Problem problem_of(const AttnDecodeArgs& args);
Problem from(const select::Problem& problem);
select::Problem to_select(const Problem& problem);

}  // namespace octet::ops::attn_decode
