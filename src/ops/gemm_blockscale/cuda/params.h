// What the host passes to the sm90 kernels of gemm_blockscale, by value.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"

namespace octet::ops::gemm_blockscale {

using gpu::OutputType;

struct Sm90Params {
  gpu::TensorMap a;  // e4m3 (m, k): boxes of 128 bytes of k, 128-byte swizzle, zeros past the end
  gpu::TensorMap b;  // e4m3 (n, k): the same
  gpu::TensorMap d_map;  // of d, for results of 16 bits: boxes that the kernel's config names
  const float* a_scale;  // of (row, k block): a_scale[row * a_scale_row + block * a_scale_block]
  const float* b_scale;  // of (n / 128, k block): b_scale[n / 128 * b_scale_row + block]
  void* d;               // (m, n), d_row elements between rows; any alignment of rows
  int64_t a_scale_row, a_scale_block, b_scale_row, d_row;
  int32_t m, n;
  int32_t k_blocks;  // k / 128
  OutputType output;
  int32_t split;      // thread blocks of a cluster that share a tile's k
  int32_t dependent;  // launched while the launch before may still run
  bool d_mapped;      // d_map holds: results of 16 bits, d and d_row * 2 of 16 bytes, n % 8 == 0
};

}  // namespace octet::ops::gemm_blockscale
