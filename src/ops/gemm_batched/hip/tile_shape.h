// How the AMD kernels of gemm_batched multiply, and their shapes. Plain C++, shared by the kernels
// and their host.
#pragma once

#include <cstdint>

namespace octet::ops::gemm_batched::hip {

enum class Method : uint8_t {
  kBf16,
  kE4m3,
  kI8,
  kGroups,  // e4m3, and tokens have a scale for each 128 of k
  kWide,    // weights of e2m1 become bf16, tokens are bf16
  kE2m1,
};

inline constexpr int kThreads = 256, kWaves = 4;

/// X(name, method, ...) for each method without scales of k, then for the others.
#define OCTET_HIP_BATCHED_PLAIN_METHODS(X, ...) \
  X(bf16, kBf16, __VA_ARGS__)                   \
  X(e4m3, kE4m3, __VA_ARGS__)                   \
  X(i8, kI8, __VA_ARGS__)
#define OCTET_HIP_BATCHED_METHODS(X, ...)         \
  OCTET_HIP_BATCHED_PLAIN_METHODS(X, __VA_ARGS__) \
  X(groups, kGroups, __VA_ARGS__)                 \
  X(wide, kWide, __VA_ARGS__)                     \
  X(e2m1, kE2m1, __VA_ARGS__)
inline constexpr int kNumMethods = 6, kNumPlainMethods = 3;

/// A workgroup's tile of gfx942_tile: block_m tokens, block_n rows of weights; waves_n of its waves
/// lie along weights.
struct TileShape {
  int block_m, block_n, waves_n;
  bool plain;  // for methods without scales of k only: its rows fill half of a compute unit's LDS
};
// X(block_m, block_n, waves_n): a kernel for each method, named
// octet_gfx942_tile_<method>_<block_m>x<block_n>.
#define OCTET_HIP_BATCHED_PLAIN_TILES(X) X(128, 128, 2)
#define OCTET_HIP_BATCHED_TILES(X) \
  X(64, 128, 4)                    \
  X(64, 64, 2)                     \
  X(16, 64, 4)

/// The methods that multiply codes as they lie in memory, on both architectures.
#define OCTET_HIP_BATCHED_STREAM_METHODS(X, ...)  \
  OCTET_HIP_BATCHED_PLAIN_METHODS(X, __VA_ARGS__) \
  X(groups, kGroups, __VA_ARGS__)
inline constexpr int kNumStreamMethods = 4;

/// A workgroup's tile of gfx942_stream and gfx950_stream: its waves share k.
struct StreamShape {
  int block_m, block_n;
};
// X(block_m, block_n): kernels octet_gfx942_stream_<method>_<block_m>x<block_n>, and
// octet_gfx950_stream_e2m1_<...>.
#define OCTET_HIP_BATCHED_STREAMS(X) \
  X(32, 32)                          \
  X(16, 32)                          \
  X(16, 16)

}  // namespace octet::ops::gemm_batched::hip
