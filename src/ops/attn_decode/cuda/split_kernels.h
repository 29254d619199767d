// The kernels of sm90_split by name: head dim, tiles of 8 rows of q, codes, scales.
#pragma once

#include "src/ops/attn_decode/cuda/split_shape.h"

// X(name, warps, dim, row_tiles, kind of codes, e5m2, kind of scales, token_scales, kind of copies,
// boxes)
#define OCTET_SM90_ATTN_COPIES(X, NAME, WARPS, DIM, TILES, CODES, E5M2, SCALES, TOKEN) \
  X(NAME, WARPS, DIM, TILES, CODES, E5M2, SCALES, TOKEN, pieces, false)                \
  X(NAME, WARPS, DIM, TILES, CODES, E5M2, SCALES, TOKEN, boxes, true)
#define OCTET_SM90_ATTN_FORMATS(X, NAME, WARPS, DIM, TILES)                          \
  OCTET_SM90_ATTN_COPIES(X, NAME, WARPS, DIM, TILES, e4m3fn, false, constant, false) \
  OCTET_SM90_ATTN_COPIES(X, NAME, WARPS, DIM, TILES, e4m3fn, false, token, true)     \
  OCTET_SM90_ATTN_COPIES(X, NAME, WARPS, DIM, TILES, e5m2, true, constant, false)    \
  OCTET_SM90_ATTN_COPIES(X, NAME, WARPS, DIM, TILES, e5m2, true, token, true)
#define OCTET_SM90_ATTN_64(X, NAME, WARPS)       \
  OCTET_SM90_ATTN_FORMATS(X, NAME, WARPS, 64, 1) \
  OCTET_SM90_ATTN_FORMATS(X, NAME, WARPS, 64, 2)
#define OCTET_SM90_ATTN_128(X, NAME, WARPS)       \
  OCTET_SM90_ATTN_FORMATS(X, NAME, WARPS, 128, 1) \
  OCTET_SM90_ATTN_FORMATS(X, NAME, WARPS, 128, 2)
#define OCTET_SM90_ATTN_256(X, NAME, WARPS) OCTET_SM90_ATTN_FORMATS(X, NAME, WARPS, 256, 1)

#define OCTET_SM90_ATTN_KERNEL(NAME, WARPS, DIM, TILES, CODES, E5M2, SCALES, TOKEN, COPIES, BOXES) \
  extern "C" __global__ void __launch_bounds__(WARPS * 32, kUnitWarps / WARPS)                     \
      octet_sm90_attn_##NAME##_##DIM##_##TILES##_##CODES##_##SCALES##_##COPIES(                    \
          const __grid_constant__ Sm90Params p) {                                                  \
    run_split<SplitShape{DIM, TILES, E5M2, TOKEN, BOXES, WARPS}>(p);                               \
  }
#define OCTET_SM90_ATTN_ENTRY(NAME, WARPS, DIM, TILES, CODES, E5M2, SCALES, TOKEN, COPIES, BOXES) \
  gpu::Kernel(kCode_##NAME##_##DIM,                                                               \
              "octet_sm90_attn_" #NAME "_" #DIM "_" #TILES "_" #CODES "_" #SCALES "_" #COPIES,    \
              SplitShape{DIM, TILES, E5M2, TOKEN, BOXES, WARPS}.shared_bytes()),
