// What every GEMM kernel of a GPU takes from the host, by value; an op's own parameters extend it.
#pragma once

#include <cstdint>

#include "src/device/gpu_types.h"

namespace octet::gpu {

struct GemmParams {
  TensorMap a;  // e4m3 (m, k): boxes of 128 bytes of k, 128-byte swizzle, zeros past the end
  TensorMap b;  // e4m3 (n, k): the same
  void* d;      // (m, n), d_row elements between rows; any alignment of rows
  int64_t d_row;
  int32_t m, n;
  int32_t k_blocks;  // k / 128
  OutputType output;
  int32_t split;      // thread blocks of a cluster that share a tile's k
  int32_t dependent;  // launched while the launch before may still run
};

}  // namespace octet::gpu
