// What the host passes to the AMD kernels of gemm_batched, by value.
#pragma once

#include "src/core/divider.h"
#include "src/device/gpu_types.h"
#include "src/ops/gemm_batched/gpu_params.h"

namespace octet::ops::gemm_batched::hip {

struct HipParams : GpuOperands {
  void* d;
  int64_t d_row;  // elements between rows
  int32_t m, n;
  gpu::OutputType output;
  Divider tiles_m;  // of a matrix, along tokens
  bool d_vectors;   // four results from a multiple of four columns on are aligned

  // Tokens as gfx942_prepare leaves them for the product, which reads them as a_rows: codes of the
  // device's FP8, zeros up to a multiple of 128 of k; or e2m1 with its exponents.
  DeviceOperand prepared;
  float* token_scales;  // with codes of FP8: (batch, k / 128, m)
};

}  // namespace octet::ops::gemm_batched::hip
