// What the host passes to the sm90 kernels of gemm_grouped, by value.
#pragma once

#include "src/gpu/gemm_params.h"
#include "src/ops/gemm_grouped/slot_params.h"

namespace octet::ops::gemm_grouped {

/// Where scales are e8m0, a word holds four of them, and strides are in words where kernels copy
/// words (sm90_simple alone takes any alignment). m of the base is not used, and the map of a is
/// not: rows of a are gathered.
struct Sm90Params : gpu::GemmParams {
  SlotParams slots;
  const uint8_t* a_codes;  // a_codes[row * a_row + k]
  const uint8_t* b_codes;  // b_codes[expert * b_expert + n * b_row + k]
  int64_t a_row, b_row, b_expert;
  const void* a_scale;  // e8m0 or float32, strides in elements
  const void* b_scale;
  int64_t a_scale_row, b_scale_row, b_scale_expert;
  void* wide_tokens;  // bf16 (a_rows, k), what sm90_mx_widen makes of a (its order of k)
  int32_t a_rows, k;
  bool early_list;  // dependent, and the slot list is no work of the launch before
};

}  // namespace octet::ops::gemm_grouped
