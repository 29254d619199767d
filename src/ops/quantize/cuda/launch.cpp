#include "src/ops/quantize/cuda/launch.h"

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/quantize/cuda/params.h"

namespace octet::ops::quantize::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_quantize_sm90_groups[];
extern "C" const unsigned char octet_code_quantize_sm90_blocks[];
extern "C" const unsigned char octet_code_quantize_sm90_gated[];

namespace {

constexpr gpu::CodeObject kGroups{"sm90_groups", octet_code_quantize_sm90_groups};
constexpr gpu::CodeObject kBlocks{"sm90_blocks", octet_code_quantize_sm90_blocks};
constexpr gpu::CodeObject kGated{"sm90_gated", octet_code_quantize_sm90_gated};

/// Blocks of one row: of an activation or of none.
struct RowKernels {
  gpu::Kernel e4m3_1x128, e4m3_1x32, e2m1_1x32;
};
#define OCTET_ROW_KERNELS(CODE, NAME)                                \
  {                                                                  \
    gpu::Kernel(CODE, "octet_quantize_" NAME "_e4m3fn_1x128", 0),    \
        gpu::Kernel(CODE, "octet_quantize_" NAME "_e4m3fn_1x32", 0), \
        gpu::Kernel(CODE, "octet_quantize_" NAME "_e2m1_1x32", 0),   \
  }
const RowKernels kRowKernels[][3] = {  // by gate, by input
    {OCTET_ROW_KERNELS(kGroups, "groups_f32"), OCTET_ROW_KERNELS(kGroups, "groups_bf16"),
     OCTET_ROW_KERNELS(kGroups, "groups_f16")},
    {OCTET_ROW_KERNELS(kGated, "silu_f32"), OCTET_ROW_KERNELS(kGated, "silu_bf16"),
     OCTET_ROW_KERNELS(kGated, "silu_f16")},
    {OCTET_ROW_KERNELS(kGated, "swiglu_f32"), OCTET_ROW_KERNELS(kGated, "swiglu_bf16"),
     OCTET_ROW_KERNELS(kGated, "swiglu_f16")}};
#undef OCTET_ROW_KERNELS
const gpu::Kernel kTileKernels[] = {
    gpu::Kernel(kBlocks, "octet_quantize_blocks_f32_e4m3fn_128x128", 0),
    gpu::Kernel(kBlocks, "octet_quantize_blocks_bf16_e4m3fn_128x128", 0),
    gpu::Kernel(kBlocks, "octet_quantize_blocks_f16_e4m3fn_128x128", 0)};
const gpu::Kernel kWholeRowKernels[] = {
    gpu::Kernel(kBlocks, "octet_quantize_blocks_f32_e4m3fn_row", 0),
    gpu::Kernel(kBlocks, "octet_quantize_blocks_bf16_e4m3fn_row", 0),
    gpu::Kernel(kBlocks, "octet_quantize_blocks_f16_e4m3fn_row", 0)};

const gpu::Kernel& kernel_of(const Task& task) {
  const int input = static_cast<int>(task.input);
  const RowKernels& of_rows = kRowKernels[static_cast<int>(task.gate)][input];
  if (task.mx) return task.element == Element::kE2m1 ? of_rows.e2m1_1x32 : of_rows.e4m3_1x32;
  if (task.block_rows == 128) return kTileKernels[input];
  return in_groups(task) ? of_rows.e4m3_1x128 : kWholeRowKernels[input];
}

Status check(const Task& task) {
  if (task.element == Element::kE4m3fnuz) {
    return fail(StatusCode::kUnsupported,
                "quantize: q.dtype = e4m3fnuz, the sm90 kernels make e4m3fn and e2m1");
  }
  const int64_t per_row = task.cols / task.block_cols, rows = block_rows_of(task);
  if (rows > kMostGpuBlocks / per_row) {
    return fail(StatusCode::kUnsupported,
                "quantize: {} x {} scales, the sm90 kernels take {} at most in a call", rows,
                per_row, kMostGpuBlocks);
  }
  return Status::Ok();
}

}  // namespace

Status run(const Task& task, bool overlap_previous, bool pass_at_once, Stream& stream) {
  OCTET_CHECK_OK(check(task));
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel = kernel_of(task);
  Sm90Params params{gpu_params(task), overlap_previous, pass_at_once};
  gpu::LaunchShape shape;
  shape.dependent = overlap_previous;
  shape.block_x = kSm90Threads;
  const uint32_t each = blocks_per_thread_block(task);
  shape.grid_x = (params.blocks + each - 1) / each;
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "quantize rows={} cols={}: {}: {}", task.rows, task.cols,
              kernel.entry(), status.message());
}

#else

Status run(const Task&, bool, bool, Stream&) {
  return fail(StatusCode::kUnsupported, "quantize: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::quantize::cuda
