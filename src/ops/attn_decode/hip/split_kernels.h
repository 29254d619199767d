// The kernels of gfx942_split by name: head dim, codes, scales, how pages lie.
#pragma once

#include "src/ops/attn_decode/hip/split_shape.h"

// X(dim, waves of a SIMD, kind of codes, e5m2, kind of scales, token_scales, kind of pages,
// scattered)
//
// Four waves bound the registers to 128. The kernels of dim 256 that look for each token, and for
// its scales, take more on gfx950: three.
#define OCTET_HIP_ATTN_FORMATS(X, DIM, SCATTERED_TOKEN)                \
  X(DIM, 4, e4m3fn, false, constant, false, runs, false)               \
  X(DIM, 4, e4m3fn, false, constant, false, scattered, true)           \
  X(DIM, 4, e4m3fn, false, token, true, runs, false)                   \
  X(DIM, SCATTERED_TOKEN, e4m3fn, false, token, true, scattered, true) \
  X(DIM, 4, e5m2, true, constant, false, runs, false)                  \
  X(DIM, 4, e5m2, true, constant, false, scattered, true)              \
  X(DIM, 4, e5m2, true, token, true, runs, false)                      \
  X(DIM, SCATTERED_TOKEN, e5m2, true, token, true, scattered, true)
#define OCTET_HIP_ATTN_64(X) OCTET_HIP_ATTN_FORMATS(X, 64, 4)
#define OCTET_HIP_ATTN_128(X) OCTET_HIP_ATTN_FORMATS(X, 128, 4)
#define OCTET_HIP_ATTN_256(X) OCTET_HIP_ATTN_FORMATS(X, 256, 3)

#define OCTET_HIP_ATTN_KERNEL(DIM, WAVES, CODES, E5M2, SCALES, TOKEN, PAGES, SCATTERED) \
  OCTET_KERNEL(kSplitThreads, WAVES)                                                    \
  octet_gfx942_split_##DIM##_##CODES##_##SCALES##_##PAGES(GpuParams p) {                \
    run_split<SplitShape{DIM, E5M2, TOKEN, SCATTERED}>(p);                              \
  }
#define OCTET_HIP_ATTN_ENTRY(DIM, WAVES, CODES, E5M2, SCALES, TOKEN, PAGES, SCATTERED) \
  gpu::Kernel(kCode_##DIM, "octet_gfx942_split_" #DIM "_" #CODES "_" #SCALES "_" #PAGES, 0),
