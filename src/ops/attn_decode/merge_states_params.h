// What the host passes to the kernels of attn_merge_states, by value. Strides are in elements.
#pragma once

#include <cstdint>

#include "src/ops/attn_decode/gpu_params.h"

namespace octet::ops::attn_decode {

// Of a thread block of sm90.
inline constexpr int kMergeThreads = 128, kMergeRows = kMergeThreads / 32;
inline constexpr int kMergeMostDim = 512;

struct MergeStatesParams {
  const void* parts;  // (num_parts, rows, dim)
  const float* lse;   // (num_parts, rows)
  void* out;
  float* out_lse;  // may be null
  int64_t rows, part_stride, out_stride;
  int32_t num_parts, dim;
  int32_t workgroups;  // of an AMD launch
  OutType out_type;
};

}  // namespace octet::ops::attn_decode
