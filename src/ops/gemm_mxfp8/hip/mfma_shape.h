// Shapes of the kernels by matrix instructions, for the host that launches them and the device code
// alike.
#pragma once

/// block_m, block_n, waves that a SIMD holds of it.
#define OCTET_GFX942_MX_TILES(X) \
  X(16, 16, 7)                   \
  X(16, 32, 4)                   \
  X(32, 32, 3)                   \
  X(64, 32, 2)

#define OCTET_GFX950_MX_TILES(X) \
  X(16, 16, 8)                   \
  X(16, 32, 6)                   \
  X(32, 32, 4)                   \
  X(64, 32, 3)                   \
  X(64, 64, 2)
