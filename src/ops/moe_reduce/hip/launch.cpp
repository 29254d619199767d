#include "src/ops/moe_reduce/hip/launch.h"

#include "src/device/embedded_kernels.h"
#include "src/ops/moe_reduce/gpu_launch.h"
#include "src/ops/moe_reduce/hip/params.h"

namespace octet::ops::moe_reduce::hip {

OCTET_GFX942_CODE(kCode, moe_reduce, gfx942_rows);

namespace {

const GpuKernels kKernels = OCTET_MOE_REDUCE_KERNELS(kCode, "octet_gfx942_rows_");
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
                   rows_aligned(task.x, task.x_stride, task.input),
                   rows_aligned(task.y, task.y_stride, task.output)};
  gpu::LaunchShape shape;
  shape.block_x = kHipThreads;
  return launch(kKernels, task, parts, shape, &params, stream);
}

}  // namespace octet::ops::moe_reduce::hip
