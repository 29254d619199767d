// 16 bytes at a time: loads of what is read once, stores of codes, hardware conversions to FP8.
#pragma once

#include <cstdint>

namespace octet::gpu {

/// Read-only data, not kept in the first-level cache.
__device__ __forceinline__ uint4 load_once(const void* address) {
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(address));
  return v;
}

/// The same of what the launch before this one may write while this one waits for its end.
__device__ __forceinline__ uint4 load_fresh(const void* address) {
  uint4 v;
  asm volatile("ld.global.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(address));
  return v;
}

/// What other thread blocks of this launch have stored, or zeros without a load and a branch.
__device__ __forceinline__ float4 load_others_if(const void* address, bool wanted) {
  float4 v{0, 0, 0, 0};
  asm volatile(
      "{\n.reg .pred wanted;\n"
      "setp.ne.b32 wanted, %5, 0;\n"
      "@wanted ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%4];\n}"
      : "+f"(v.x), "+f"(v.y), "+f"(v.z), "+f"(v.w)
      : "l"(address), "r"(static_cast<int>(wanted)));
  return v;
}

/// Asks for a line of memory, to be in the second-level cache.
__device__ __forceinline__ void prefetch_line(const void* address) {
  asm volatile("prefetch.global.L2 [%0];" ::"l"(address));
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
