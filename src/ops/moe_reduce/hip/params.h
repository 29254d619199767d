// What the host passes to the AMD kernels of moe_reduce, by value, and the shape of their launch.
#pragma once

#include "src/core/divider.h"
#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce {

inline constexpr int kHipThreads = 256, kHipVector = 8;  // columns of a work item

struct HipParams {
  Task task;
  Divider parts;   // workgroups of a token
  bool x_aligned;  // every row of x starts at a multiple of 16 bytes
  bool y_aligned;
};

constexpr int64_t hip_parts_of(int64_t cols) {
  return (cols + kHipThreads * kHipVector - 1) / (kHipThreads * kHipVector);
}

}  // namespace octet::ops::moe_reduce
