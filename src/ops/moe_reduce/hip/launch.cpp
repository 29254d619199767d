#include "src/ops/moe_reduce/hip/launch.h"

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/moe_reduce/hip/params.h"

namespace octet::ops::moe_reduce::hip {

OCTET_GFX942_CODE(kCode, moe_reduce, gfx942_rows);

namespace {

#define OCTET_KERNELS(INPUT)                                       \
  {                                                                \
    gpu::Kernel(kCode, "octet_gfx942_rows_" INPUT "_f32", 0),      \
        gpu::Kernel(kCode, "octet_gfx942_rows_" INPUT "_bf16", 0), \
        gpu::Kernel(kCode, "octet_gfx942_rows_" INPUT "_f16", 0),  \
  }
const gpu::Kernel kKernels[][3] = {  // by type of x, then of y
    OCTET_KERNELS("f32"), OCTET_KERNELS("bf16"), OCTET_KERNELS("f16")};
#undef OCTET_KERNELS

bool aligned(const void* data, int64_t stride, Type type) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && stride * bytes_of(type) % 16 == 0;
}

}  // namespace

Status run(const Task& task, Stream& stream) {
  constexpr int64_t kMost = (int64_t{1} << 32) / kHipThreads - 1;  // workgroups of a launch
  const int64_t parts = hip_parts_of(task.cols);
  if (task.tokens > kMost / parts) {
    return fail(StatusCode::kUnsupported,
                "moe_reduce: {} tokens of {} x {} columns, the AMD kernels take {} parts at most",
                task.tokens, parts, kHipThreads * kHipVector, kMost);
  }
  HipParams params{task, Divider(static_cast<uint32_t>(parts)),
                   aligned(task.x, task.x_stride, task.input),
                   aligned(task.y, task.y_stride, task.output)};
  gpu::LaunchShape shape;
  shape.block_x = kHipThreads;
  shape.grid_x = static_cast<uint32_t>(task.tokens * parts);
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel = kKernels[static_cast<int>(task.input)][static_cast<int>(task.output)];
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "moe_reduce tokens={} topk={} cols={}: {}: {}", task.tokens, task.topk,
              task.cols, kernel.entry(), status.message());
}

}  // namespace octet::ops::moe_reduce::hip
