// What a launch of moe_reduce is on a GPU of either vendor: a kernel by the types of x and y, and
// its error.
#pragma once

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/moe_reduce/task.h"

namespace octet::ops::moe_reduce {

/// By type of x, then of y.
using GpuKernels = gpu::Kernel[3][3];

#define OCTET_MOE_REDUCE_INPUT(CODE, STEM, INPUT)                                      \
  {                                                                                    \
    gpu::Kernel(CODE, STEM INPUT "_f32", 0), gpu::Kernel(CODE, STEM INPUT "_bf16", 0), \
        gpu::Kernel(CODE, STEM INPUT "_f16", 0),                                       \
  }
#define OCTET_MOE_REDUCE_KERNELS(CODE, STEM)                                               \
  {                                                                                        \
    OCTET_MOE_REDUCE_INPUT(CODE, STEM, "f32"), OCTET_MOE_REDUCE_INPUT(CODE, STEM, "bf16"), \
        OCTET_MOE_REDUCE_INPUT(CODE, STEM, "f16")                                          \
  }

/// Whether every row starts at a multiple of 16 bytes.
inline bool rows_aligned(const void* data, int64_t stride, Type type) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && stride * bytes_of(type) % 16 == 0;
}

/// `parts` thread blocks of `shape.block_x` a token.
inline Status launch(const GpuKernels& kernels, const Task& task, int64_t parts,
                     gpu::LaunchShape shape, void* params, Stream& stream) {
  shape.grid_x = static_cast<uint32_t>(task.tokens * parts);
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel = kernels[static_cast<int>(task.input)][static_cast<int>(task.output)];
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, params);
  if (status.ok()) return status;
  return fail(status.code(), "moe_reduce tokens={} topk={} cols={}: {}: {}", task.tokens, task.topk,
              task.cols, kernel.entry(), status.message());
}

}  // namespace octet::ops::moe_reduce
