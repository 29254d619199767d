// Problems at which tiles, chunks of k, groups and rounds of gemm_batched end in the middle.
#pragma once

#include <vector>

#include "src/ops/gemm_batched/op.h"

namespace octet::testing_batched {

/// m around blocks of rows, n no multiple of 16, k that ends inside a vector, a group of 128 and a
/// chunk of 512; a k that is no multiple of 32 is refused with e2m1.
inline std::vector<ops::gemm_batched::Problem> edge_problems() {
  return {{0, 5, 32, 2},   {1, 0, 32, 2},   {2, 3, 64, 0},   {1, 1, 32, 1},    {2, 17, 96, 3},
          {3, 16, 160, 2}, {4, 15, 32, 5},  {5, 33, 544, 2}, {8, 18, 1088, 1}, {257, 5, 64, 2},
          {1, 9, 1, 3},    {3, 31, 129, 2}, {6, 20, 513, 2}, {7, 2, 185, 3}};
}

}  // namespace octet::testing_batched
