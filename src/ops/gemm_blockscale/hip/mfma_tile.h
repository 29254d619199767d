// Tiles of the AMD kernels, and what follows from them. Plain C++, shared by kernels and host.
#pragma once

namespace octet::ops::gemm_blockscale {

struct MfmaTile {
  int block_m, block_n;  // rows of a and of b (columns of d) of a workgroup
  int block_k;           // loaded at once
  int pipeline;          // 1: the next block_k is in registers while one multiplies, for few waves;
                         // 3: two stages in LDS besides, one barrier each, for full devices

  static constexpr int kThreads = 256;
  /// Waves side by side in m and in n.
  constexpr int waves_m() const { return block_m < 32 ? 1 : 2; }
  constexpr int waves_n() const { return kThreads / 64 / waves_m(); }
};

// X(block_m, block_n, block_k, pipeline, waves): `waves` that a SIMD holds at least.
#define OCTET_MFMA_TILES(X) \
  X(128, 128, 128, 3, 2)    \
  X(64, 128, 128, 3, 2)     \
  X(64, 64, 256, 1, 2)      \
  X(16, 128, 256, 1, 1)     \
  X(16, 64, 256, 1, 3)      \
  X(64, 64, 128, 1, 3)      \
  X(32, 64, 128, 1, 4)      \
  X(16, 64, 128, 1, 4)

}  // namespace octet::ops::gemm_blockscale
