// What the host passes to the sm90 kernels of gemm_blockscale, by value.
#pragma once

#include "src/gpu/gemm_params.h"

namespace octet::ops::gemm_blockscale {

using gpu::OutputType;

struct Sm90Params : gpu::GemmParams {
  gpu::TensorMap d_map;        // of d, for results of 16 bits: boxes that the kernel's config names
  gpu::TensorMap a_scale_map;  // (k / 128, m) float32, boxes of one row, zeros past the end
  const float* a_scale;  // of (row, k block): a_scale[row * a_scale_row + block * a_scale_block]
  const float* b_scale;  // of (n / 128, k block): b_scale[n / 128 * b_scale_row + block]
  int64_t a_scale_row, a_scale_block, b_scale_row;
  bool a_scale_mapped;  // a_scale_map holds: a_scale is column-major, columns of 16 bytes
  bool d_mapped;        // d_map holds: results of 16 bits, d and d_row * 2 of 16 bytes, n % 8 == 0
};

}  // namespace octet::ops::gemm_blockscale
