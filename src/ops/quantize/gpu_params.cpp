#include "src/ops/quantize/gpu_params.h"

namespace octet::ops::quantize {

GpuParams gpu_params(const Task& task) {
  GpuParams p{};
  p.task = task;
  p.per_row = Divider(static_cast<uint32_t>(task.cols / task.block_cols));
  p.blocks = static_cast<uint32_t>(block_rows_of(task) * p.per_row.divisor);
  const int values = values_per_vector(task.input), codes = code_bytes(task.input, task.element);
  const auto multiple = [](const void* data, int64_t stride, int64_t of) {
    return reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(of) == 0 && stride % of == 0;
  };
  p.x_aligned = task.cols % values == 0 && multiple(task.x, task.x_stride * (16 / values), 16);
  p.q_aligned = multiple(task.q, task.q_stride, codes);
  return p;
}

}  // namespace octet::ops::quantize
