#include "src/ops/attn_decode/cuda/merge_states.h"

#include <limits>

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/attn_decode/gpu_operands.h"
#include "src/ops/attn_decode/merge_states_params.h"

namespace octet::ops::attn_decode::cuda {

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_attn_decode_sm90_merge_states[];

namespace {

constexpr std::string_view kOp = "attn_merge_states";
constexpr gpu::CodeObject kCode{"sm90_merge_states", octet_code_attn_decode_sm90_merge_states};
const gpu::Kernel kKernels[] = {gpu::Kernel(kCode, "octet_attn_merge_bf16", 0),
                                gpu::Kernel(kCode, "octet_attn_merge_f16", 0),
                                gpu::Kernel(kCode, "octet_attn_merge_f32", 0)};

}  // namespace

Status merge_states(const AttnMergeArgs& args, Stream& stream) {
  const int64_t blocks = (args.rows + kMergeRows - 1) / kMergeRows;
  OCTET_REQUIRE(blocks <= std::numeric_limits<int32_t>::max(),
                "{}: rows = {}, must be below 2^33 on a GPU", kOp, args.rows);
  MergeStatesParams params = merge_params(args);
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(blocks), shape.block_x = kMergeThreads;
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const gpu::Kernel& kernel = kKernels[static_cast<int>(out_type(args.dtype))];
  return named_launch_error(args, kernel, kernel.launch(queue, shape, &params));
}

#else

Status merge_states(const AttnMergeArgs&, Stream&) {
  return fail(StatusCode::kUnsupported, "attn_merge_states: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::attn_decode::cuda
