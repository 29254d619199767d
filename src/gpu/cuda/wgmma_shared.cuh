// wgmma of sm_90 with both operands in shared memory, for elements beside e4m3 (wgmma.cuh): bf16
// (16 of k an instruction, float32 sums) and i8 (32 of k, sums in 32-bit integers, exact). Layouts,
// descriptors, fences and accumulators are those of wgmma.cuh; an instruction takes 32 bytes of k,
// so add 2 to a descriptor for the next. Source: PTX ISA, asynchronous warpgroup instructions.
#pragma once

#include <cstdint>

#include "src/gpu/cuda/wgmma.cuh"

namespace octet::gpu {

enum class Element : uint8_t { kBf16, kE4m3, kI8 };

/// The same for sums in integers.
template <int kCount>
__device__ __forceinline__ void wgmma_pin(int32_t (&d)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) asm volatile("" : "+r"(d[i])::"memory");
}
template <int kCount>
__device__ __forceinline__ void wgmma_take(int32_t (&d)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) asm volatile("" : "+r"(d[i]));
}

/// d = a * b + (accumulate ? d : 0) for 32 bytes of k.
template <Element kElement, int N>
struct WgmmaShared;

template <int N>
struct WgmmaShared<Element::kE4m3, N> : Wgmma<N> {};

// The registers of an accumulator, as operands and in the text.
#define OCTET_D4(c, d, i) c((d)[i]), c((d)[i + 1]), c((d)[i + 2]), c((d)[i + 3])
#define OCTET_D8(c, d, i) OCTET_D4(c, d, i), OCTET_D4(c, d, i + 4)
#define OCTET_D16(c, d, i) OCTET_D8(c, d, i), OCTET_D8(c, d, i + 8)
#define OCTET_D32(c, d, i) OCTET_D16(c, d, i), OCTET_D16(c, d, i + 16)
#define OCTET_D64(c, d, i) OCTET_D32(c, d, i), OCTET_D32(c, d, i + 32)
#define OCTET_D128(c, d, i) OCTET_D64(c, d, i), OCTET_D64(c, d, i + 64)
#define OCTET_R4 "%0, %1, %2, %3"
#define OCTET_R8 OCTET_R4 ", %4, %5, %6, %7"
#define OCTET_R16 OCTET_R8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define OCTET_R32                                                              \
  OCTET_R16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, " \
            "%29, %30, %31"
#define OCTET_R64                                                                 \
  OCTET_R32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, " \
            "%45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, "   \
            "%58, %59, %60, %61, %62, %63"

#define OCTET_R128                                                                     \
  OCTET_R64 ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, " \
            "%78, %79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, "   \
            "%92, %93, %94, %95, %96, %97, %98, %99, %100, %101, %102, %103, %104, "   \
            "%105, %106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, " \
            "%117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"

// `a`, `b`, `use`: the numbers of the operands behind the accumulator of kCount registers.
#define OCTET_WGMMA_SHARED(element, N, kCount, type, constraint, shape, tail, a_at, b_at, use_at)  \
  template <>                                                                                      \
  struct WgmmaShared<element, N> {                                                                 \
    static __device__ __forceinline__ void run(type(&d)[kCount], uint64_t a, uint64_t b,           \
                                               bool accumulate) {                                  \
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " use_at                                      \
                   ", 0;\n"                                                                        \
                   "wgmma.mma_async.sync.aligned.m64n" #N shape " {" OCTET_R##kCount "}, " a_at    \
                   ", " b_at ", p" tail ";\n}"                                                     \
                   : OCTET_D##kCount(constraint, d, 0)                                             \
                   : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)));                           \
    }                                                                                              \
  };
#define OCTET_WGMMA_BF16(N, kCount, a_at, b_at, use_at)                                          \
  OCTET_WGMMA_SHARED(Element::kBf16, N, kCount, float, "+f", "k16.f32.bf16.bf16", ", 1, 1, 0, 0", \
                     a_at, b_at, use_at)
#define OCTET_WGMMA_I8(N, kCount, a_at, b_at, use_at)                                            \
  OCTET_WGMMA_SHARED(Element::kI8, N, kCount, int32_t, "+r", "k32.s32.s8.s8", "", a_at, b_at, use_at)

OCTET_WGMMA_BF16(8, 4, "%4", "%5", "%6")
OCTET_WGMMA_BF16(16, 8, "%8", "%9", "%10")
OCTET_WGMMA_BF16(32, 16, "%16", "%17", "%18")
OCTET_WGMMA_BF16(64, 32, "%32", "%33", "%34")
OCTET_WGMMA_BF16(128, 64, "%64", "%65", "%66")
OCTET_WGMMA_BF16(256, 128, "%128", "%129", "%130")
OCTET_WGMMA_I8(8, 4, "%4", "%5", "%6")
OCTET_WGMMA_I8(16, 8, "%8", "%9", "%10")
OCTET_WGMMA_I8(32, 16, "%16", "%17", "%18")
OCTET_WGMMA_I8(64, 32, "%32", "%33", "%34")
OCTET_WGMMA_I8(128, 64, "%64", "%65", "%66")
OCTET_WGMMA_I8(256, 128, "%128", "%129", "%130")

#undef OCTET_WGMMA_I8
#undef OCTET_WGMMA_BF16
#undef OCTET_WGMMA_SHARED
#undef OCTET_R128
#undef OCTET_R64
#undef OCTET_R32
#undef OCTET_R16
#undef OCTET_R8
#undef OCTET_R4
#undef OCTET_D128
#undef OCTET_D64
#undef OCTET_D32
#undef OCTET_D16
#undef OCTET_D8
#undef OCTET_D4

}  // namespace octet::gpu
