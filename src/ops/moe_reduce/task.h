// A validated call of moe_reduce as kernels read it: plain data, for host and device code.
#pragma once

#include <stdint.h>

namespace octet::ops::moe_reduce {

enum class Type : uint8_t { kF32, kBf16, kF16 };
constexpr int64_t bytes_of(Type type) { return type == Type::kF32 ? 4 : 2; }

inline constexpr int32_t kMostTopk = 32, kMostExperts = 1024;

struct Task {
  const void* x;               // (tokens * topk, cols)
  void* y;                     // (tokens, cols)
  int64_t x_stride, y_stride;  // in elements
  const int32_t* topk_ids;     // may be null
  const int32_t* expert_mask;  // may be null
  int64_t tokens, cols;
  int32_t topk, experts;
  Type input, output;
};

/// Whether choice `choice`, which counts over tokens, then over topk, has a row.
constexpr bool has_row(const Task& t, int64_t choice) {
  if (t.topk_ids == nullptr) return true;
  const int32_t expert = t.topk_ids[choice];
  if (expert < 0 || expert >= t.experts) return false;
  return t.expert_mask == nullptr || t.expert_mask[expert] != 0;
}

}  // namespace octet::ops::moe_reduce
