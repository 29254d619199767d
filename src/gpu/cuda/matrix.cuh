// From accumulators to a result: reads of shared memory by address, packing of floats, stores of
// 8x8 matrices to shared memory and of pairs to rows of any alignment.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace octet::gpu {

__device__ __forceinline__ float shared_load(uint32_t address) {
  float value;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(value) : "r"(address));
  return value;
}
__device__ __forceinline__ float4 shared_load_floats(uint32_t address) {
  float4 value;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
               : "r"(address)
               : "memory");
  return value;
}

/// Stores two 8x8 matrices of 16-bit elements, held as wgmma's accumulators are once packed: row
/// lane / 4, columns lane % 4 * 2 and the next. Lane i < 8 gives the address of row i of the first,
/// lane 8 + i of the second.
__device__ __forceinline__ void matrix_store(uint32_t address, uint32_t first, uint32_t second) {
  asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1, %2};" ::"r"(address),
               "r"(first), "r"(second)
               : "memory");
}
/// Four: lane 16 + i gives the address of row i of the third, lane 24 + i of the fourth.
__device__ __forceinline__ void matrix_store(uint32_t address, uint32_t first, uint32_t second,
                                             uint32_t third, uint32_t fourth) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(address),
               "r"(first), "r"(second), "r"(third), "r"(fourth)
               : "memory");
}

/// Two floats as bf16 or f16, rounded to nearest even, x in the low half.
__device__ __forceinline__ uint32_t pack(float x, float y, bool bf16) {
  const __nv_bfloat162 as_bf16 = __floats2bfloat162_rn(x, y);
  const __half2 as_f16 = __floats2half2_rn(x, y);
  return bf16 ? reinterpret_cast<const uint32_t&>(as_bf16)
              : reinterpret_cast<const uint32_t&>(as_f16);
}

/// Stores the first `count` (any number) of two elements; in one piece if `whole` (the address is
/// then a multiple of both).
__device__ __forceinline__ void store_pair(float* to, float x, float y, int count, bool whole) {
  if (whole && count >= 2) {
    *reinterpret_cast<float2*>(to) = {x, y};
  } else {
    if (count >= 1) to[0] = x;
    if (count >= 2) to[1] = y;
  }
}
__device__ __forceinline__ void store_pair(uint16_t* to, uint32_t pair, int count, bool whole) {
  if (whole && count >= 2) {
    *reinterpret_cast<uint32_t*>(to) = pair;
  } else {
    if (count >= 1) to[0] = static_cast<uint16_t>(pair);
    if (count >= 2) to[1] = static_cast<uint16_t>(pair >> 16);
  }
}

}  // namespace octet::gpu
