// Results in the type that the caller asked for.
#pragma once

#include "src/device/gpu_types.h"
#include "src/gpu/hip/convert.h"

namespace octet::gpu::hip {

/// Element `at` of d, rounded once.
OCTET_DEVICE void store_result(void* d, OutputType type, int64_t at, float value) {
  if (type == OutputType::kF32) {
    static_cast<float*>(d)[at] = value;
  } else {
    static_cast<uint16_t*>(d)[at] = to_16_bits(value, type == OutputType::kF16);
  }
}

}  // namespace octet::gpu::hip
