#include "src/ops/quantize/hip/launch.h"

#include <algorithm>

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/quantize/gpu_params.h"

namespace octet::ops::quantize::hip {

OCTET_GFX942_CODE(kGroups, quantize, gfx942_groups);
OCTET_GFX942_CODE(kBlocks, quantize, gfx942_blocks);
OCTET_GFX942_CODE(kGated, quantize, gfx942_gated);

namespace {

/// Blocks of one row: of an activation or of none.
struct RowKernels {
  gpu::Kernel e4m3fn_1x128, e4m3fnuz_1x128, e4m3fn_1x32, e4m3fnuz_1x32, e2m1_1x32;
};
#define OCTET_ROW_KERNELS(CODE, NAME)                          \
  {                                                            \
    gpu::Kernel(CODE, "octet_" NAME "_e4m3fn_1x128", 0),       \
        gpu::Kernel(CODE, "octet_" NAME "_e4m3fnuz_1x128", 0), \
        gpu::Kernel(CODE, "octet_" NAME "_e4m3fn_1x32", 0),    \
        gpu::Kernel(CODE, "octet_" NAME "_e4m3fnuz_1x32", 0),  \
        gpu::Kernel(CODE, "octet_" NAME "_e2m1_1x32", 0),      \
  }
#define OCTET_GATED_KERNELS(GATE)                                \
  {                                                              \
    OCTET_ROW_KERNELS(kGated, "gfx942_gated_" GATE "_f32"),      \
        OCTET_ROW_KERNELS(kGated, "gfx942_gated_" GATE "_bf16"), \
        OCTET_ROW_KERNELS(kGated, "gfx942_gated_" GATE "_f16")   \
  }
const RowKernels kRowKernels[][3] = {  // by gate, by input
    {OCTET_ROW_KERNELS(kGroups, "gfx942_groups_f32"),
     OCTET_ROW_KERNELS(kGroups, "gfx942_groups_bf16"),
     OCTET_ROW_KERNELS(kGroups, "gfx942_groups_f16")},
    OCTET_GATED_KERNELS("silu"),
    OCTET_GATED_KERNELS("swiglu")};
#undef OCTET_GATED_KERNELS
#undef OCTET_ROW_KERNELS

/// Blocks that a workgroup shares.
struct BlockKernels {
  gpu::Kernel tile, row;
};
#define OCTET_BLOCK_KERNELS(NAME)                                    \
  {                                                                  \
    gpu::Kernel(kBlocks, "octet_gfx942_blocks_" NAME "_128x128", 0), \
        gpu::Kernel(kBlocks, "octet_gfx942_blocks_" NAME "_row", 0), \
  }
const BlockKernels kBlockKernels[][2] = {  // by input, by element
    {OCTET_BLOCK_KERNELS("f32_e4m3fn"), OCTET_BLOCK_KERNELS("f32_e4m3fnuz")},
    {OCTET_BLOCK_KERNELS("bf16_e4m3fn"), OCTET_BLOCK_KERNELS("bf16_e4m3fnuz")},
    {OCTET_BLOCK_KERNELS("f16_e4m3fn"), OCTET_BLOCK_KERNELS("f16_e4m3fnuz")}};
#undef OCTET_BLOCK_KERNELS

const gpu::Kernel& kernel_of(const Task& task) {
  const int input = static_cast<int>(task.input);
  const bool fnuz = task.element == Element::kE4m3fnuz;
  if (!in_groups(task)) {
    const BlockKernels& kernels = kBlockKernels[input][fnuz];
    return task.block_rows == 128 ? kernels.tile : kernels.row;
  }
  const RowKernels& kernels = kRowKernels[static_cast<int>(task.gate)][input];
  if (!task.mx) return fnuz ? kernels.e4m3fnuz_1x128 : kernels.e4m3fn_1x128;
  if (task.element == Element::kE2m1) return kernels.e2m1_1x32;
  return fnuz ? kernels.e4m3fnuz_1x32 : kernels.e4m3fn_1x32;
}

Status check(const Task& task) {
  constexpr int64_t kMostWorkgroups = (int64_t{1} << 32) / kGpuThreads - 1;
  const int64_t per_row = task.cols / task.block_cols, rows = block_rows_of(task);
  const int64_t most =
      std::min(kMostGpuBlocks, kMostWorkgroups * int64_t{blocks_per_thread_block(task)});
  if (rows <= most / per_row) return Status::Ok();
  return fail(StatusCode::kUnsupported,
              "quantize: {} x {} scales, the AMD kernels take {} at most in such a call", rows,
              per_row, most);
}

}  // namespace

Status run(const Task& task, Stream& stream) {
  OCTET_CHECK_OK(check(task));
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel = kernel_of(task);
  GpuParams params = gpu_params(task);
  gpu::LaunchShape shape;
  shape.block_x = kGpuThreads;
  const uint32_t each = blocks_per_thread_block(task);
  shape.grid_x = (params.blocks + each - 1) / each;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "quantize rows={} cols={}: {}: {}", task.rows, task.cols,
              kernel.entry(), status.message());
}

}  // namespace octet::ops::quantize::hip
