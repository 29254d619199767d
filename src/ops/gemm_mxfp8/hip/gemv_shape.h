// Shapes of the kernels by vector instructions, for the host that launches them and the device code
// alike.
#pragma once

/// Tokens, rows of weights of a wave, waves that a SIMD holds.
#define OCTET_HIP_MX_GEMVS(X) \
  X(1, 4, 8)                  \
  X(2, 2, 8)                  \
  X(4, 2, 6)                  \
  X(8, 1, 8)                  \
  X(16, 1, 6)
