// What the host passes to the sm90 kernels of gemm_mxfp8, by value.
#pragma once

#include "src/gpu/gemm_params.h"

namespace octet::ops::gemm_mxfp8 {

/// sm90_wgmma_widen reads a by wide_map, not by the map of a.
struct Sm90Params : gpu::GemmParams {
  gpu::TensorMap wide_map;  // of wide_tokens: boxes of 64 columns, 128-byte swizzle
  void* wide_tokens;        // bf16 (m, k), what sm90_wgmma_widen makes of a (its order of k)
  const uint8_t* a_scale;   // e8m0 of (row, 32 of k): a_scale[row * a_scale_row + k / 32]
  const uint8_t* b_scale;
  int64_t a_scale_row, b_scale_row;
  const uint8_t* a_codes;  // what the tensor maps stand for: a_codes[row * a_row + k]
  const uint8_t* b_codes;
  int64_t a_row, b_row;
  int32_t k;
};

}  // namespace octet::ops::gemm_mxfp8
