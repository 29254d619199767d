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

}  // namespace

Status append(const AppendTask& task, int32_t* fault, bool overlap_previous, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::Kernel& kernel =
      kKernels[static_cast<int>(task.input)][task.element == Element::kE5m2 ? 1 : 0];
  Sm90AppendParams params{append_gpu_params(task, fault), overlap_previous};
  gpu::LaunchShape shape;
  shape.dependent = overlap_previous;
  shape.block_x = kAppendThreads;
  shape.grid_x = append_blocks(params);
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
