// The kernels of sm90_split by name: head dim, tiles of 8 rows of q, codes, scales.
#pragma once

#include "src/ops/attn_decode/cuda/split_shape.h"

// X(dim, row_tiles, kind of codes, e5m2, kind of scales, token_scales, kind of copies, boxes)
#define OCTET_SM90_ATTN_SPLIT_COPIES(X, DIM, TILES, CODES, E5M2, SCALES, TOKEN) \
  X(DIM, TILES, CODES, E5M2, SCALES, TOKEN, pieces, false)                      \
  X(DIM, TILES, CODES, E5M2, SCALES, TOKEN, boxes, true)
#define OCTET_SM90_ATTN_SPLIT_FORMATS(X, DIM, TILES)                          \
  OCTET_SM90_ATTN_SPLIT_COPIES(X, DIM, TILES, e4m3fn, false, constant, false) \
  OCTET_SM90_ATTN_SPLIT_COPIES(X, DIM, TILES, e4m3fn, false, token, true)     \
  OCTET_SM90_ATTN_SPLIT_COPIES(X, DIM, TILES, e5m2, true, constant, false)    \
  OCTET_SM90_ATTN_SPLIT_COPIES(X, DIM, TILES, e5m2, true, token, true)
#define OCTET_SM90_ATTN_SPLIT_64(X)       \
  OCTET_SM90_ATTN_SPLIT_FORMATS(X, 64, 1) \
  OCTET_SM90_ATTN_SPLIT_FORMATS(X, 64, 2)
#define OCTET_SM90_ATTN_SPLIT_128(X)       \
  OCTET_SM90_ATTN_SPLIT_FORMATS(X, 128, 1) \
  OCTET_SM90_ATTN_SPLIT_FORMATS(X, 128, 2)
#define OCTET_SM90_ATTN_SPLIT_256(X) OCTET_SM90_ATTN_SPLIT_FORMATS(X, 256, 1)

#define OCTET_SM90_ATTN_SPLIT_KERNEL(DIM, TILES, CODES, E5M2, SCALES, TOKEN, COPIES, BOXES) \
  extern "C" __global__ void __launch_bounds__(kSplitThreads, 1)                            \
      octet_sm90_attn_split_##DIM##_##TILES##_##CODES##_##SCALES##_##COPIES(                \
          const __grid_constant__ Sm90Params p) {                                           \
    run_split<SplitShape{DIM, TILES, E5M2, TOKEN, BOXES}>(p);                               \
  }
#define OCTET_SM90_ATTN_SPLIT_ENTRY(DIM, TILES, CODES, E5M2, SCALES, TOKEN, COPIES, BOXES) \
  gpu::Kernel(kCode##DIM,                                                                  \
              "octet_sm90_attn_split_" #DIM "_" #TILES "_" #CODES "_" #SCALES "_" #COPIES, \
              SplitShape{DIM, TILES, E5M2, TOKEN, BOXES}.shared_bytes()),
