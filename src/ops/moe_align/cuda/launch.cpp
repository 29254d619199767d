#include "src/ops/moe_align/cuda/launch.h"

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/moe_align/cuda/params.h"

namespace octet::ops::moe_align::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_moe_align_sm90_cluster[];
extern "C" const unsigned char octet_code_moe_align_sm90_few[];

namespace {
constexpr gpu::CodeObject kCluster{"sm90_cluster", octet_code_moe_align_sm90_cluster};
constexpr gpu::CodeObject kFew{"sm90_few", octet_code_moe_align_sm90_few};
const gpu::Kernel cluster_kernel(kCluster, "octet_moe_align_cluster", shared_bytes(kMostExperts));
const gpu::Kernel few_kernel(kFew, "octet_moe_align_few", 0);
}  // namespace

Status run(const Task& task, bool overlap_previous, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  Sm90Params params{task, cluster_of(task.choices), 0, overlap_previous};
  params.of_warp = choices_of_worker(task.choices, params.cluster * kWarps);
  const bool few = task.choices <= kMostFew;
  const gpu::Kernel& kernel = few ? few_kernel : cluster_kernel;
  gpu::LaunchShape shape;
  shape.block_x = few ? kFewThreads : kThreads;
  shape.dependent = overlap_previous;
  shape.grid_x = shape.cluster = static_cast<uint32_t>(params.cluster);
  shape.shared_bytes = few ? 0 : static_cast<uint32_t>(shared_bytes(task.experts));
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "moe_align tokens={} topk={} experts={}: {}: {}", task.tokens,
              task.topk, task.experts, kernel.entry(), status.message());
}

#else

Status run(const Task&, bool, Stream&) {
  return fail(StatusCode::kUnsupported, "moe_align: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::moe_align::cuda
