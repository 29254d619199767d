// Values of FP8 codes for timed operands, from a seed: what quantised weights look like. For both
// vendors' compilers.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define OCTET_NORMAL_DEVICE __device__ __forceinline__
#else
#include "src/gpu/hip/kernel.h"
#define OCTET_NORMAL_DEVICE OCTET_DEVICE
#endif

namespace octet::harness {

OCTET_NORMAL_DEVICE uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

/// Nearly normal, sigma largest / 4.5, within the largest value of the format.
OCTET_NORMAL_DEVICE float normal_code_value(uint32_t seed, float largest) {
  float sum = -4.0f;  // of 8 uniforms: variance 2/3
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const uint32_t bits = mix(seed * 4 + i);
    sum += static_cast<float>(bits & 0xffff) * (1.0f / 65536) +
           static_cast<float>(bits >> 16) * (1.0f / 65536);
  }
  const float value = sum * (largest / 4.5f / 0.8165f);
  return value < -largest ? -largest : value > largest ? largest : value;
}

}  // namespace octet::harness
