// Shapes of the kernels by matrix instructions, for the host that launches them and the device code
// alike.
#pragma once

/// block_m, block_n, waves that share k, waves that a SIMD holds.
#define OCTET_GFX942_MX_TILES(X) \
  X(16, 16, 4, 6)                \
  X(16, 16, 8, 6)                \
  X(16, 16, 16, 4)               \
  X(16, 32, 4, 4)                \
  X(16, 32, 8, 4)                \
  X(32, 32, 4, 3)                \
  X(32, 32, 8, 2)                \
  X(64, 32, 4, 2)

#define OCTET_GFX950_MX_TILES(X) \
  X(16, 16, 4, 8)                \
  X(16, 16, 8, 8)                \
  X(16, 16, 16, 8)               \
  X(16, 32, 4, 6)                \
  X(16, 32, 8, 6)                \
  X(32, 32, 4, 4)                \
  X(32, 32, 8, 4)                \
  X(64, 32, 4, 3)                \
  X(64, 32, 8, 2)                \
  X(64, 64, 4, 2)
