// What the host passes to the AMD kernels of gemm_grouped, by value.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"
#include "src/ops/gemm_grouped/slot_params.h"

namespace octet::ops::gemm_grouped {

/// Strides in bytes, of d in elements.
struct HipParams {
  SlotParams slots;
  const uint8_t* a;        // e4m3fn (a_rows, k)
  const uint8_t* b;        // e4m3fn (experts, n, k)
  const uint8_t* a_scale;  // e8m0 (a_rows, k / 32) or float32 (a_rows, k / 128)
  const uint8_t* b_scale;  // e8m0 (experts, n, k / 32) or float32 (experts, n / 128, k / 128)
  int64_t a_row, b_row, b_expert;
  int64_t a_scale_row, b_scale_row, b_scale_expert;
  void* d;  // (rows, n)
  int64_t d_row;
  int32_t a_rows, n, k;
  gpu::OutputType output;
};

}  // namespace octet::ops::gemm_grouped
