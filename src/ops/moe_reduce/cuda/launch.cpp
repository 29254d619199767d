#include "src/ops/moe_reduce/cuda/launch.h"

#include "src/core/try.h"
#include "src/ops/moe_reduce/cuda/params.h"
#include "src/ops/moe_reduce/gpu_launch.h"

namespace octet::ops::moe_reduce::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_moe_reduce_sm90_rows[];

namespace {

constexpr gpu::CodeObject kCode{"sm90_rows", octet_code_moe_reduce_sm90_rows};
const GpuKernels kKernels = OCTET_MOE_REDUCE_KERNELS(kCode, "octet_moe_reduce_");
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
                    rows_aligned(task.x, task.x_stride, task.input),
                    rows_aligned(task.y, task.y_stride, task.output),
                    overlap_previous,
                    overlap_previous && ids_are_older};
  gpu::LaunchShape shape;
  shape.block_x = kThreads;
  shape.dependent = overlap_previous;
  return launch(kKernels, task, parts, shape, &params, stream);
}

#else

Status run(const Task&, bool, bool, Stream&) {
  return fail(StatusCode::kUnsupported, "moe_reduce: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::moe_reduce::cuda
