// What the host passes to the kernels of kv_append of any GPU, by value, and the shape of their
// launch.
#pragma once

#include "src/ops/quantize/append_task.h"
#include "src/ops/quantize/gpu_params.h"

namespace octet::ops::quantize {

inline constexpr int kAppendThreads = 128;

struct AppendGpuParams {
  AppendTask task;
  int32_t* fault;         // four words; may be null
  uint32_t rows;          // heads of all tokens
  int32_t lane_bits;      // 2^lane_bits lanes share a row, 32 at most
  bool x_aligned;         // every row of keys and of values is at a multiple of 16 bytes
  bool codes_aligned[2];  // every row at a multiple of the codes of a vector
};

AppendGpuParams append_gpu_params(const AppendTask& task, int32_t* fault);

/// Vectors that a lane has of a row, of keys as of values: four or eight loads are under way.
constexpr int append_vectors(Input input) { return input == Input::kF32 ? 4 : 2; }

/// The fewest lanes that hold a row: half of a lane's vectors and more are full.
constexpr int32_t append_lane_bits(Input input, int64_t dim) {
  int32_t bits = 0;
  while ((int64_t{append_vectors(input) * values_per_vector(input)} << bits) < dim) ++bits;
  return bits;
}
/// Rows of a thread block.
constexpr uint32_t append_rows_of_block(int32_t lane_bits) { return kAppendThreads >> lane_bits; }
/// Thread blocks of a launch.
constexpr uint32_t append_blocks(const AppendGpuParams& p) {
  const uint32_t each = append_rows_of_block(p.lane_bits);
  return (p.rows + each - 1) / each;
}

}  // namespace octet::ops::quantize
