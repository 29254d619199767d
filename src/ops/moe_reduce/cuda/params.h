// What the host passes to the sm90 kernels of moe_reduce, by value, and the shape of their launch.
#pragma once

#include "src/core/divider.h"
#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce {

inline constexpr int kThreads = 128, kVector = 8;  // columns of a thread

struct Sm90Params {
  Task task;
  Divider parts;   // thread blocks of a token
  bool x_aligned;  // every row of x starts at a multiple of 16 bytes
  bool y_aligned;
  bool dependent;  // launched while the launch before may still run
  bool early_ids;  // dependent, and ids and mask are no work of the launch before
};

constexpr int64_t parts_of(int64_t cols) {
  return (cols + kThreads * kVector - 1) / (kThreads * kVector);
}

}  // namespace octet::ops::moe_reduce
