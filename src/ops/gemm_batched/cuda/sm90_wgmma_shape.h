// Shapes of sm90_wgmma's kernels. Plain C++, shared by the kernel and its host.
#pragma once

#include "src/ops/gemm_batched/cuda/tile_shape.h"

namespace octet::ops::gemm_batched {

/// The methods of sm90_wgmma, in the order of its kernels of one shape.
#define OCTET_SM90_BATCHED_METHODS(X, ...) \
  X(bf16, kBf16, __VA_ARGS__)              \
  X(e4m3, kE4m3, __VA_ARGS__)              \
  X(groups, kE4m3Groups, __VA_ARGS__)      \
  X(i8, kI8, __VA_ARGS__)

/// Those that sum in the tensor core, whose tiles may be larger.
#define OCTET_SM90_BATCHED_INSIDE(X, ...) X(bf16, kBf16, __VA_ARGS__) X(i8, kI8, __VA_ARGS__)

inline constexpr int kWgmmaMethods = 4, kInsideMethods = 2;

// X(kind, left, block_m, block_n, stages, resident): a kernel for each method, named
// octet_sm90_batched_<kind>_<method>_<block_m>x<block_n>_s<stages>. Rings of one resident block
// take most of a multiprocessor's shared memory: what is on its way then covers memory's latency
// where few blocks work. Several resident blocks hide the ends of short tiles.
#define OCTET_SM90_BATCHED_WGMMA_SHAPES(X) \
  X(tile, kTokens, 256, 128, 4, 1)         \
  X(tile, kTokens, 128, 128, 6, 1)         \
  X(swap, kWeights, 128, 256, 4, 1)        \
  X(swap, kWeights, 128, 128, 6, 1)        \
  X(swap, kWeights, 64, 128, 8, 1)         \
  X(swap, kWeights, 32, 128, 10, 1)        \
  X(swap, kWeights, 16, 128, 11, 1)        \
  X(swap, kWeights, 16, 64, 20, 1)         \
  X(tile, kTokens, 64, 64, 4, 2)           \
  X(swap, kWeights, 64, 64, 4, 2)          \
  X(swap, kWeights, 16, 64, 4, 4)

// The same for the methods that sum in the tensor core: wide instructions read less of shared
// memory.
#define OCTET_SM90_BATCHED_INSIDE_SHAPES(X) X(tile, kTokens, 128, 256, 4, 1)

}  // namespace octet::ops::gemm_batched
