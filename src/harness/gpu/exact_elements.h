// What the host passes to the kernel that computes elements of dense GEMMs in double.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"

namespace octet::harness {

struct ExactResult {
  double value, magnitude, largest;  // as cpu::ExactElement
  double got;                        // the element of d
};

enum class ExactScales : int32_t {
  kF32Of128,  // f32 for 128 of k; b: for 128 of n as well
  kE8m0Of32,  // e8m0 for 32 of k
};

struct ExactParams {
  const uint8_t* a;     // FP8 (m, k), rows of a and b aligned to 16 bytes
  const uint8_t* b;     // FP8 (n, k)
  const void* a_scale;  // of (m, block of k): a_scale[m * a_scale_row + block * a_scale_block]
  const void* b_scale;  // of (n, block of k): b_scale[row * b_scale_row + block]
  const void* d;
  const int64_t* elements;  // count pairs (m, n)
  ExactResult* results;     // count
  int64_t count, k;
  int64_t a_row, b_row, d_row, a_scale_row, a_scale_block, b_scale_row;
  gpu::OutputType output;
  ExactScales scales;
  double unit;  // of a product: 1, or 1/4 of e4m3fnuz codes, which are worth half of e4m3fn's
};

// Of a block; a thread an element.
inline constexpr int kExactThreads = 32, kExactThreadsOfAmd = 64;

}  // namespace octet::harness
