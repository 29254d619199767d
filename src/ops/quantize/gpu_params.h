// What a host passes to the kernels of quantize of any GPU, by value, and how blocks are shared
// among lanes.
#pragma once

#include "src/core/divider.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize {

inline constexpr int kGpuThreads = 256;

struct GpuParams {
  Task task;
  uint32_t blocks;  // of scales, in all
  Divider per_row;  // blocks of a row of blocks
  bool x_aligned;   // every row of x starts at 16 bytes and ends with a whole vector
  bool q_aligned;   // the codes of every vector start at a multiple of their size
};

/// Of a task whose scales a Divider can count.
GpuParams gpu_params(const Task& task);

/// The most scales of a call: what a launch and a Divider count to.
inline constexpr int64_t kMostGpuBlocks = (int64_t{1} << 31) - 4096;
constexpr int64_t block_rows_of(const Task& t) {
  return (t.rows + t.block_rows - 1) / t.block_rows;
}

/// Values in 16 bytes of x.
constexpr int values_per_vector(Input input) { return input == Input::kF32 ? 4 : 8; }
/// Bytes of the codes of one vector.
constexpr int code_bytes(Input input, Element element) {
  return values_per_vector(input) / (element == Element::kE2m1 ? 2 : 1);
}

/// Blocks that neighbouring lanes share: MX, and 128 columns of one row.
constexpr bool in_groups(const Task& t) {
  return t.block_rows == 1 && (t.mx || t.block_cols == 128);
}
/// Vectors that a lane has of such a block. Two share what is done once a block; one lets a warp
/// load and store whole lines where blocks are short. After an activation instructions count more.
constexpr int vectors_per_lane(Gate gate, int64_t block_cols) {
  return block_cols == 32 && gate == Gate::kNone ? 1 : 2;
}
/// Lanes that share a block.
constexpr int lanes_per_block(Input input, Gate gate, int64_t block_cols) {
  const int values = values_per_vector(input) * vectors_per_lane(gate, block_cols);
  return static_cast<int>(block_cols) / values;
}
/// Blocks of which a lane has a part: four loads are under way together, of x or of gate and up.
constexpr int blocks_per_lane(Gate gate, int64_t block_cols) {
  return 4 / vectors_per_lane(gate, block_cols) / (gate == Gate::kNone ? 1 : 2);
}
/// Blocks that a thread block quantises.
constexpr uint32_t blocks_per_thread_block(const Task& t) {
  if (!in_groups(t)) return 1;
  const int groups = kGpuThreads / lanes_per_block(t.input, t.gate, t.block_cols);
  return static_cast<uint32_t>(groups * blocks_per_lane(t.gate, t.block_cols));
}

}  // namespace octet::ops::quantize
