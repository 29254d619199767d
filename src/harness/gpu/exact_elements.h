// What the host passes to the kernel that computes elements of gemm_blockscale in double.
#pragma once

#include <cstdint>

#include "src/ops/gemm_blockscale/cuda/params.h"

namespace octet::harness {

struct ExactResult {
  double value, magnitude, largest;  // as ops::gemm_blockscale::ExactElement
  double got;                        // the element of d
};

struct ExactParams {
  const uint8_t* a;  // e4m3fn (m, k), rows of a and b aligned to 16 bytes
  const uint8_t* b;  // e4m3fn (n, k)
  const float* a_scale;
  const float* b_scale;
  const void* d;
  const int64_t* elements;  // count pairs (m, n)
  ExactResult* results;     // count
  int64_t count, k;
  int64_t a_row, b_row, d_row, a_scale_row, a_scale_block, b_scale_row;
  ops::gemm_blockscale::OutputType output;
};

inline constexpr int kExactThreads = 32;  // of a block; a thread an element

}  // namespace octet::harness
