#include "src/ops/quantize/append_gpu_params.h"

#include <initializer_list>

namespace octet::ops::quantize {
namespace {

bool multiple(const void* data, int64_t of, std::initializer_list<int64_t> byte_steps) {
  int64_t all = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data));
  for (const int64_t step : byte_steps) all |= step;
  return all % of == 0;
}

}  // namespace

AppendGpuParams append_gpu_params(const AppendTask& task, int32_t* fault) {
  AppendGpuParams p{};
  p.task = task;
  p.fault = fault;
  p.rows = task.tokens * task.heads.divisor;
  p.lane_bits = append_lane_bits(task.input, task.dim);
  const int values = values_per_vector(task.input), bytes = 16 / values;
  p.x_aligned = true;
  for (int i = 0; i < 2; ++i) {
    const AppendSide& s = task.sides[i];
    p.x_aligned &= multiple(s.x, 16, {s.x_batch * bytes, s.x_token * bytes, s.x_head * bytes});
    p.codes_aligned[i] = multiple(s.codes, values, {s.block, s.token, s.head});
  }
  return p;
}

}  // namespace octet::ops::quantize
