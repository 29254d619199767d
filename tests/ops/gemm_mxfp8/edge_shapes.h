// Shapes at which tiles, panels and blocks of gemm_mxfp8 end in the middle.
#pragma once

#include "ops/gemm_checks.h"
#include "src/ops/gemm_mxfp8/op.h"

namespace octet::testing_mx {

using testing_gemm::Shape;

/// m around tiles of 1 to 64 tokens, n no multiple of 16, 32 or 128, k that ends 32, 64 and 96 into
/// a block of 128 and k that does not.
inline std::vector<Shape> edge_shapes() {
  std::vector<Shape> shapes;
  for (const int64_t m : {0, 1, 2, 3, 4, 8, 9, 16, 17, 33, 65}) {
    shapes.push_back({m, 1, 32});
    shapes.push_back({m, 67, 96});
    shapes.push_back({m, 145, m > 16 ? 160 : 640});
  }
  for (const int64_t n : {0, 15, 16, 31, 32, 33, 128, 129, 257}) shapes.push_back({5, n, 320});
  return shapes;
}

/// More than one block of 512 tokens or 512 columns, long k.
inline std::vector<Shape> larger_shapes() {
  return {{530, 33, 128}, {130, 70, 416}, {18, 550, 288}, {1, 600, 1184}, {16, 48, 4480}};
}

}  // namespace octet::testing_mx
