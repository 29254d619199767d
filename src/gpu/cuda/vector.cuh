// 16 bytes at a time: loads of what is read once, stores of codes, hardware conversions to FP8.
#pragma once

#include <cstdint>

namespace octet::gpu {

/// Read-only data, not kept in the first-level cache.
__device__ __forceinline__ uint4 load_once(const void* address) {
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(address));
  return v;
}

/// The same of what the launch before this one may write while this one waits for its end.
__device__ __forceinline__ uint4 load_fresh(const void* address) {
  uint4 v;
  asm volatile("ld.global.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(address));
  return v;
}

/// Two e4m3fn codes, `low` in the low byte: to nearest even, finite values saturate.
__device__ __forceinline__ uint32_t encode_e4m3_pair(float low, float high) {
  uint16_t codes;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(codes) : "f"(high), "f"(low));
  return codes;
}
/// The same of e5m2.
__device__ __forceinline__ uint32_t encode_e5m2_pair(float low, float high) {
  uint16_t codes;
  asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(codes) : "f"(high), "f"(low));
  return codes;
}

}  // namespace octet::gpu
