// Shapes of sm90_swap's kernels. Plain C++, shared by the kernel and its host.
#pragma once

#include "src/ops/gemm_batched/cuda/tile_shape.h"

namespace octet::ops::gemm_batched {

/// The methods of sm90_swap, in the order of its kernels of one shape.
#define OCTET_SM90_BATCHED_METHODS(X, M, N, STAGES, RESIDENT) \
  X(bf16, kBf16, M, N, STAGES, RESIDENT)                      \
  X(e4m3, kE4m3, M, N, STAGES, RESIDENT)                      \
  X(groups, kE4m3Groups, M, N, STAGES, RESIDENT)              \
  X(i8, kI8, M, N, STAGES, RESIDENT)

inline constexpr int kSwapMethods = 4;

// X(block_m, block_n, stages, resident): a kernel for each method, named
// octet_sm90_batched_swap_<method>_<block_m>x<block_n>_s<stages>. Rings of one resident block take
// most of a multiprocessor's shared memory: what is on its way then covers memory's latency where
// few blocks work. Several resident blocks hide the ends of short tiles.
#define OCTET_SM90_BATCHED_SWAP_SHAPES(X) \
  X(128, 256, 4, 1)                       \
  X(128, 128, 6, 1)                       \
  X(64, 128, 8, 1)                        \
  X(32, 128, 10, 1)                       \
  X(16, 128, 11, 1)                       \
  X(16, 64, 20, 1)                        \
  X(64, 64, 4, 2)                         \
  X(16, 64, 4, 4)

}  // namespace octet::ops::gemm_batched
