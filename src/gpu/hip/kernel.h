// What a device function of an AMD GPU needs to be compiled by clang for gfx942 and gfx950 without
// a HIP header, and as plain C++ for the CPU, where tests run it one fiber per work item.
//
// A kernel takes one struct by value. `threads` is the size of its workgroup, a multiple of the 64
// lanes of a wave; `waves` the waves that each SIMD is to hold, which bounds the registers to
// 512 / waves.
#pragma once

#include <cstdint>

#if defined(__AMDGCN__)

#define OCTET_DEVICE __attribute__((device, always_inline)) inline
#define OCTET_KERNEL(threads, waves)                                               \
  extern "C" __attribute__((global, amdgpu_flat_work_group_size(threads, threads), \
                            amdgpu_waves_per_eu(waves))) void
/// Memory of the workgroup (LDS); inside a function.
#define OCTET_SHARED __attribute__((shared)) static
#define OCTET_UNROLL _Pragma("unroll")
#define OCTET_NO_UNROLL _Pragma("unroll 1")

#else

#define OCTET_DEVICE inline
#define OCTET_KERNEL(threads, waves) extern "C" __attribute__((visibility("default"))) void
#define OCTET_SHARED static
#define OCTET_UNROLL
#define OCTET_NO_UNROLL

#endif

namespace octet::gpu::hip {

inline constexpr int kWaveLanes = 64;

/// Whether this object is for CDNA 4: OCP FP8 and the matrix instructions over 128 of k. CDNA 3 has
/// e4m3fnuz. A build for the CPU says it by OCTET_HIP_GFX950.
#if defined(__gfx950__) || (!defined(__AMDGCN__) && defined(OCTET_HIP_GFX950))
inline constexpr bool kGfx950 = true;
#else
inline constexpr bool kGfx950 = false;
#endif

// Registers of a lane as vectors.
using Float2 = float __attribute__((vector_size(8)));
using Float4 = float __attribute__((vector_size(16)));
using Float16 = float __attribute__((vector_size(64)));
using Int4 = int32_t __attribute__((vector_size(16)));
using Int16 = int32_t __attribute__((vector_size(64)));
using Word2 = uint32_t __attribute__((vector_size(8)));
using Word4 = uint32_t __attribute__((vector_size(16)));
using Word8 = uint32_t __attribute__((vector_size(32)));

}  // namespace octet::gpu::hip
