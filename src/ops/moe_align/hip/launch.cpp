#include "src/ops/moe_align/hip/launch.h"

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/moe_align/hip/params.h"

namespace octet::ops::moe_align::hip {

OCTET_GFX942_CODE(kSort, moe_align, gfx942_sort);
OCTET_GFX942_CODE(kFew, moe_align, gfx942_few);

namespace {
const gpu::Kernel sort_kernel(kSort, "octet_gfx942_sort", 0);
const gpu::Kernel few_kernel(kFew, "octet_gfx942_few", 0);
}  // namespace

Status run(const Task& task, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  HipParams params{task, sort_workgroups(task.choices), 0};
  params.of_wave = choices_of_wave(task.choices, params.workgroups * kSortWaves);
  const bool few = task.choices <= kMostFew;
  const gpu::Kernel& kernel = few ? few_kernel : sort_kernel;
  gpu::LaunchShape shape;
  shape.block_x = few ? kFewThreads : kSortThreads;
  shape.grid_x = few ? 1 : static_cast<uint32_t>(params.workgroups);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "moe_align tokens={} topk={} experts={}: {}: {}", task.tokens,
              task.topk, task.experts, kernel.entry(), status.message());
}

}  // namespace octet::ops::moe_align::hip
