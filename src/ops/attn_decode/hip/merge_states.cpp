#include <algorithm>

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/ops/attn_decode/hip/launch.h"
#include "src/ops/attn_decode/hip/simple_shape.h"

namespace octet::ops::attn_decode::hip {

OCTET_GFX942_CODE(kMergeStates, attn_decode, gfx942_merge_states);

MergeCall merge_call(const AttnMergeArgs& args) {
  static const gpu::Kernel kernels[] = {
      gpu::Kernel(kMergeStates, "octet_gfx942_attn_merge_bf16", 0),
      gpu::Kernel(kMergeStates, "octet_gfx942_attn_merge_f16", 0),
      gpu::Kernel(kMergeStates, "octet_gfx942_attn_merge_f32", 0)};
  constexpr int64_t kMostWorkgroups = 1 << 16;  // which then take several rows
  const int64_t workgroups = (args.rows + kMergeStatesRows - 1) / kMergeStatesRows;
  MergeCall call;
  call.kernel = kernels + static_cast<int>(out_type(args.dtype));
  call.params = merge_params(args);
  call.shape.grid_x = static_cast<uint32_t>(std::min(workgroups, kMostWorkgroups));
  call.shape.block_x = kMergeStatesThreads;
  call.params.workgroups = static_cast<int32_t>(call.shape.grid_x);
  return call;
}

Status merge_states(const AttnMergeArgs& args, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  MergeCall call = merge_call(args);
  return named_launch_error(args, *call.kernel,
                            call.kernel->launch(queue, call.shape, &call.params));
}

}  // namespace octet::ops::attn_decode::hip
