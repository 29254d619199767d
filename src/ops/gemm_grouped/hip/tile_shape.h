// Shapes of the kernels by matrix instructions, for the host that launches them and the device code
// alike: few tokens an expert, and many.
#pragma once

/// Slots, rows of weights, waves that share k, waves that a SIMD holds.
#define OCTET_GFX942_MOE_MX_TILES(X) \
  X(8, 16, 4, 7)                     \
  X(8, 16, 8, 6)                     \
  X(16, 16, 4, 7)                    \
  X(16, 16, 8, 6)                    \
  X(16, 32, 4, 4)                    \
  X(32, 32, 4, 3)                    \
  X(64, 32, 4, 2)

#define OCTET_GFX950_MOE_MX_TILES(X) \
  X(8, 16, 4, 8)                     \
  X(8, 16, 8, 8)                     \
  X(16, 16, 4, 8)                    \
  X(16, 16, 8, 8)                    \
  X(16, 32, 4, 6)                    \
  X(32, 32, 4, 4)                    \
  X(64, 32, 4, 3)                    \
  X(64, 64, 4, 2)

#define OCTET_HIP_MOE_BLOCK_TILES(X) \
  X(8, 16, 4, 7)                     \
  X(8, 16, 8, 7)                     \
  X(16, 16, 4, 7)                    \
  X(16, 16, 8, 7)                    \
  X(16, 32, 4, 6)                    \
  X(32, 32, 4, 4)                    \
  X(64, 32, 4, 3)                    \
  X(64, 64, 4, 2)
