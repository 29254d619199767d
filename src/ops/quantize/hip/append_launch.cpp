#include "src/ops/quantize/hip/append_launch.h"

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/quantize/append_gpu_params.h"

namespace octet::ops::quantize::hip {

OCTET_GFX942_CODE(kAppend, quantize, gfx942_append);

namespace {

#define OCTET_APPEND_KERNELS(INPUT)                                    \
  {                                                                    \
    gpu::Kernel(kAppend, "octet_gfx942_append_" INPUT "_e4m3fn", 0),   \
        gpu::Kernel(kAppend, "octet_gfx942_append_" INPUT "_e5m2", 0), \
  }
const gpu::Kernel kKernels[][2] = {  // by input, by kind of codes
    OCTET_APPEND_KERNELS("f32"), OCTET_APPEND_KERNELS("bf16"), OCTET_APPEND_KERNELS("f16")};
#undef OCTET_APPEND_KERNELS

}  // namespace

Status append(const AppendTask& task, int32_t* fault, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel =
      kKernels[static_cast<int>(task.input)][task.element == Element::kE5m2 ? 1 : 0];
  AppendGpuParams params = append_gpu_params(task, fault);
  gpu::LaunchShape shape;
  shape.block_x = kAppendThreads;
  shape.grid_x = append_blocks(params);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "kv_append tokens={} heads={} dim={}: {}: {}", task.tokens,
              task.heads.divisor, task.dim, kernel.entry(), status.message());
}

}  // namespace octet::ops::quantize::hip
