#include "src/ops/quantize/cuda/append_launch.h"

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/quantize/cuda/append_params.h"

namespace octet::ops::quantize::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_quantize_sm90_append[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_append", octet_code_quantize_sm90_append};
#define OCTET_APPEND_KERNELS(INPUT)                              \
  {                                                              \
    gpu::Kernel(kCode, "octet_kv_append_" INPUT "_e4m3fn", 0),   \
        gpu::Kernel(kCode, "octet_kv_append_" INPUT "_e5m2", 0), \
  }
const gpu::Kernel kKernels[][2] = {  // by input, by kind of codes
    OCTET_APPEND_KERNELS("f32"), OCTET_APPEND_KERNELS("bf16"), OCTET_APPEND_KERNELS("f16")};
#undef OCTET_APPEND_KERNELS

bool multiple(const void* data, int64_t of, std::initializer_list<int64_t> byte_steps) {
  int64_t all = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data));
  for (const int64_t step : byte_steps) all |= step;
  return all % of == 0;
}

Sm90AppendParams params_of(const AppendTask& task) {
  Sm90AppendParams p{};
  p.task = task;
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

}  // namespace

Status append(const AppendTask& task, int32_t* fault, bool overlap_previous, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel =
      kKernels[static_cast<int>(task.input)][task.element == Element::kE5m2 ? 1 : 0];
  Sm90AppendParams params = params_of(task);
  params.fault = fault;
  gpu::LaunchShape shape;
  params.dependent = shape.dependent = overlap_previous;
  shape.block_x = kAppendThreads;
  const uint32_t each = append_rows_of_block(params.lane_bits);
  shape.grid_x = (params.rows + each - 1) / each;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "kv_append tokens={} heads={} dim={}: {}: {}", task.tokens,
              task.heads.divisor, task.dim, kernel.entry(), status.message());
}

#else

Status append(const AppendTask&, int32_t*, bool, Stream&) {
  return fail(StatusCode::kUnsupported, "kv_append: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::quantize::cuda
