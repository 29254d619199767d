#include "src/ops/moe_reduce/cuda/launch.h"

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/moe_reduce/cuda/params.h"

namespace octet::ops::moe_reduce::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_moe_reduce_sm90_rows[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_rows", octet_code_moe_reduce_sm90_rows};
#define OCTET_KERNELS(INPUT)                                      \
  {                                                               \
    gpu::Kernel(kCode, "octet_moe_reduce_" INPUT "_f32", 0),      \
        gpu::Kernel(kCode, "octet_moe_reduce_" INPUT "_bf16", 0), \
        gpu::Kernel(kCode, "octet_moe_reduce_" INPUT "_f16", 0),  \
  }
const gpu::Kernel kKernels[][3] = {  // by type of x, then of y
    OCTET_KERNELS("f32"), OCTET_KERNELS("bf16"), OCTET_KERNELS("f16")};
#undef OCTET_KERNELS

bool aligned(const void* data, int64_t stride, Type type) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && stride * bytes_of(type) % 16 == 0;
}

}  // namespace

Status run(const Task& task, bool overlap_previous, bool ids_are_older, Stream& stream) {
  constexpr int64_t kMost = (int64_t{1} << 31) - 1;  // what a launch and a Divider count to
  const int64_t parts = parts_of(task.cols);
  if (task.tokens > kMost / parts) {
    return fail(StatusCode::kUnsupported,
                "moe_reduce: {} tokens of {} x {} columns, the sm90 kernels take {} parts at most",
                task.tokens, parts, kThreads * kVector, kMost);
  }
  Sm90Params params{task,
                    Divider(static_cast<uint32_t>(parts)),
                    aligned(task.x, task.x_stride, task.input),
                    aligned(task.y, task.y_stride, task.output),
                    overlap_previous,
                    overlap_previous && ids_are_older};
  gpu::LaunchShape shape;
  shape.block_x = kThreads;
  shape.grid_x = static_cast<uint32_t>(task.tokens * parts);
  shape.dependent = overlap_previous;
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel = kKernels[static_cast<int>(task.input)][static_cast<int>(task.output)];
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "moe_reduce tokens={} topk={} cols={}: {}: {}", task.tokens, task.topk,
              task.cols, kernel.entry(), status.message());
}

#else

Status run(const Task&, bool, bool, Stream&) {
  return fail(StatusCode::kUnsupported, "moe_reduce: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::moe_reduce::cuda
