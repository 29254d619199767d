// What the host passes to the sm90 kernels of quantize, by value.
#pragma once

#include "src/core/divider.h"
#include "src/ops/quantize/task.h"

namespace octet::ops::quantize {

inline constexpr int kSm90Threads = 256;

struct Sm90Params {
  Task task;
  uint32_t blocks;      // of scales, in all
  Divider per_row;      // blocks of a row of blocks
  bool x_aligned;       // every row of x starts at 16 bytes and ends with a whole vector
  bool q_aligned;       // the codes of every vector start at a multiple of their size
  bool dependent;       // launched while the launch before may still run
  bool passes_at_once;  // the next launch need not wait for the end of the one before
};

/// Values in 16 bytes of x.
constexpr int values_per_vector(Input input) { return input == Input::kF32 ? 4 : 8; }
/// Bytes of the codes of one vector.
constexpr int code_bytes(Input input, Element element) {
  return values_per_vector(input) / (element == Element::kE2m1 ? 2 : 1);
}

/// sm90_groups and sm90_gated: vectors that a lane has of a block of one row. Two share what is
/// done once a block; one lets a warp load and store whole lines where blocks are short. After an
/// activation instructions count more.
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
  const int groups = kSm90Threads / lanes_per_block(t.input, t.gate, t.block_cols);
  return static_cast<uint32_t>(groups * blocks_per_lane(t.gate, t.block_cols));
}

}  // namespace octet::ops::quantize
