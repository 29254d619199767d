// What the host passes to the sm90 kernels of quantize, by value.
#pragma once

#include "src/core/divider.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize {

inline constexpr int kSm90Threads = 256;

struct Sm90Params {
  Task task;
  uint32_t blocks;  // of scales, in all
  Divider per_row;  // blocks of a row of blocks
  bool x_aligned;   // every row of x starts at 16 bytes and ends with a whole vector
  bool q_aligned;   // the codes of every vector start at a multiple of their size
};

/// Values in 16 bytes of x.
constexpr int values_per_vector(Input input) { return input == Input::kF32 ? 4 : 8; }
/// Bytes of the codes of one vector.
constexpr int code_bytes(Input input, Element element) {
  return values_per_vector(input) / (element == Element::kE2m1 ? 2 : 1);
}

/// sm90_groups: lanes that share a block of one row, each with kVectorsPerLane vectors of it; a
/// lane has a part of kBlocksPerLane blocks, whose loads are under way together.
inline constexpr int kVectorsPerLane = 2, kBlocksPerLane = 2;
constexpr int lanes_per_block(Input input, int64_t block_cols) {
  return static_cast<int>(block_cols) / values_per_vector(input) / kVectorsPerLane;
}

/// Blocks of scales that a thread block of sm90_groups quantises; of sm90_gated, whose loads are of
/// gate and up: a part of one block a lane.
constexpr uint32_t blocks_per_thread_block(const Task& t) {
  const int groups = kSm90Threads / lanes_per_block(t.input, t.block_cols);
  return static_cast<uint32_t>(t.gate == Gate::kNone ? groups * kBlocksPerLane : groups);
}

}  // namespace octet::ops::quantize
