// What a launch of kv_append is on a GPU of either vendor: a kernel by the types of rows and codes,
// and its error.
#pragma once

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/quantize/append_gpu_params.h"

namespace octet::ops::quantize {

/// By input, then by kind of codes.
using AppendKernels = gpu::Kernel[3][2];

#define OCTET_APPEND_INPUT(CODE, STEM, INPUT) \
  { gpu::Kernel(CODE, STEM INPUT "_e4m3fn", 0), gpu::Kernel(CODE, STEM INPUT "_e5m2", 0), }
#define OCTET_APPEND_KERNELS(CODE, STEM)                                           \
  {                                                                                \
    OCTET_APPEND_INPUT(CODE, STEM, "f32"), OCTET_APPEND_INPUT(CODE, STEM, "bf16"), \
        OCTET_APPEND_INPUT(CODE, STEM, "f16")                                      \
  }

/// `params` begin with those of every GPU.
inline Status launch(const AppendKernels& kernels, AppendGpuParams& params, bool dependent,
                     Stream& stream) {
  const AppendTask& task = params.task;
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel =
      kernels[static_cast<int>(task.input)][task.element == Element::kE5m2 ? 1 : 0];
  gpu::LaunchShape shape;
  shape.dependent = dependent;
  shape.block_x = kAppendThreads;
  shape.grid_x = append_blocks(params);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "kv_append tokens={} heads={} dim={}: {}: {}", task.tokens,
              task.heads.divisor, task.dim, kernel.entry(), status.message());
}

}  // namespace octet::ops::quantize
