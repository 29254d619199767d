// Weights and rounding of results in f32.
#include "src/ops/gemm_grouped/cpu/generic_scatter.h"

#include "src/cpu/store.h"

namespace octet::ops::gemm_grouped {
namespace {

/// Why not round_to_16_bits: the compiler makes vectors of this.
inline uint16_t bf16_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
  const uint32_t nan = bits | 0x400000;
  return static_cast<uint16_t>(((bits & 0x7fffffff) > 0x7f800000 ? nan : rounded) >> 16);
}

void write_row(const Scatter& block, const float* from, int64_t row, float weight) {
  const int64_t at = row * block.d_stride + block.first_col;
  if (block.output == cpu::Output::kBf16) {
    uint16_t* to = static_cast<uint16_t*>(block.d) + at;
    for (int64_t n = 0; n < block.cols; ++n) to[n] = bf16_of(from[n] * weight);
  } else if (block.output == cpu::Output::kF32) {
    float* to = static_cast<float*>(block.d) + at;
    for (int64_t n = 0; n < block.cols; ++n) to[n] = from[n] * weight;
  } else {
    cpu::Task task{};
    task.d = static_cast<uint16_t*>(block.d) + at;
    task.output = block.output;
    for (int64_t n = 0; n < block.cols; ++n) cpu::store_f32(task, 0, n, from[n] * weight);
  }
}

}  // namespace

void scatter(const Scatter& block) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const int32_t choice = block.choices[row];
    const float weight = block.weights != nullptr ? block.weights[choice] : 1.0f;
    write_row(block, block.results + row * block.cols, choice, weight);
  }
}

}  // namespace octet::ops::gemm_grouped
