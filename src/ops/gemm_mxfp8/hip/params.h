// What the host passes to the AMD kernels of gemm_mxfp8, by value.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"

namespace octet::ops::gemm_mxfp8 {

/// Strides in bytes, of d in elements.
struct HipParams {
  const uint8_t* a;        // e4m3fn (m, k)
  const uint8_t* b;        // e4m3fn (n, k)
  const uint8_t* a_scale;  // e8m0 (m, k / 32)
  const uint8_t* b_scale;  // e8m0 (n, k / 32)
  int64_t a_row, b_row, a_scale_row, b_scale_row;
  void* d;  // (m, n)
  int64_t d_row;
  float* partials;  // (split, m, n), where split is not 1
  int32_t m, n, k;
  int32_t split;  // workgroups that share the k of a tile
  gpu::OutputType output;
};

}  // namespace octet::ops::gemm_mxfp8
