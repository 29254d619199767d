// What the host passes to the AMD kernels of gemm_blockscale, by value.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"

namespace octet::ops::gemm_blockscale {

struct AmdParams {
  const uint8_t* a;      // (m, k) codes, a_row bytes between rows; address and a_row of 16 bytes
  const uint8_t* b;      // (n, k): the same
  void* d;               // (m, n), d_row elements between rows; any alignment of rows
  const float* a_scale;  // of (row, k block): a_scale[row * a_scale_row + block * a_scale_block]
  const float* b_scale;  // of (n / 128, k block): b_scale[n / 128 * b_scale_row + block]
  int64_t a_row, b_row, d_row;
  int64_t a_scale_row, a_scale_block, b_scale_row;
  int32_t m, n;
  int32_t k_blocks;  // k / 128
  int32_t tiles_m, tiles_n;
  gpu::OutputType output;
  int32_t d_by_four;  // four results of a row lie in one aligned word of d: n % 4 == 0 among others
};

/// Bytes between rows of a, b and d that offsets of 32 bits within a tile allow.
inline constexpr int64_t kMaxRowBytes = (int64_t{1} << 25) - 16;

}  // namespace octet::ops::gemm_blockscale
