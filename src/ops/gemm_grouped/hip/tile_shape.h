// Shapes of the kernels by matrix instructions, for the host that launches them and the device code
// alike: few tokens an expert, and many.
#pragma once

/// Slots, rows of weights, waves that a SIMD holds.
#define OCTET_GFX942_MOE_MX_TILES(X) \
  X(8, 16, 7)                        \
  X(16, 16, 7)                       \
  X(16, 32, 4)                       \
  X(32, 32, 3)                       \
  X(64, 32, 2)

#define OCTET_GFX950_MOE_MX_TILES(X) \
  X(8, 16, 8)                        \
  X(16, 16, 8)                       \
  X(16, 32, 6)                       \
  X(32, 32, 4)                       \
  X(64, 32, 3)                       \
  X(64, 64, 2)

#define OCTET_HIP_MOE_BLOCK_TILES(X) \
  X(8, 16, 7)                        \
  X(16, 16, 7)                       \
  X(16, 32, 4)                       \
  X(32, 32, 3)                       \
  X(64, 32, 2)                       \
  X(64, 64, 2)
