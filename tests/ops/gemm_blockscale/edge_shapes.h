// Shapes at which tiles, panels and blocks end in the middle, and checks of a kernel over them.
#pragma once

#include "ops/gemm_checks.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::testing_gemm {

/// Small ones: m around tiles of 1 to 64 tokens, n no multiple of 16, 32 or 128, k of 1 to 5
/// blocks.
inline std::vector<Shape> edge_shapes() {
  std::vector<Shape> shapes;
  for (const int64_t m : {0, 1, 2, 3, 4, 8, 9, 16, 17, 33, 65}) {
    shapes.push_back({m, 1, 128});
    shapes.push_back({m, 67, 384});
    shapes.push_back({m, 145, m > 16 ? 128 : 640});
  }
  for (const int64_t n : {0, 15, 16, 31, 32, 33, 128, 129, 257}) shapes.push_back({5, n, 256});
  return shapes;
}

/// Few but larger: more than one block of 512 tokens or 512 columns, long k.
inline std::vector<Shape> larger_shapes() {
  return {{530, 33, 128}, {130, 70, 384}, {18, 550, 256}, {1, 600, 1152}, {16, 48, 4480}};
}

}  // namespace octet::testing_gemm
