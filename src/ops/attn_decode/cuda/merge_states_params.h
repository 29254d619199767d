// What the host passes to the kernels of attn_merge_states, by value. Strides are in elements.
#pragma once

#include <cstdint>

#include "src/ops/attn_decode/cuda/params.h"

namespace octet::ops::attn_decode {

inline constexpr int kMergeThreads = 128, kMergeRows = kMergeThreads / 32;  // of a thread block
inline constexpr int kMergeMostDim = 512;

struct MergeStatesParams {
  const void* parts;  // (num_parts, rows, dim)
  const float* lse;   // (num_parts, rows)
  void* out;
  float* out_lse;  // may be null
  int64_t rows, part_stride, out_stride;
  int32_t num_parts, dim;
  OutType out_type;
};

}  // namespace octet::ops::attn_decode
