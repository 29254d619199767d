#include "src/ops/attn_decode/cuda/merge_states.h"

#include <limits>

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/ops/attn_decode/cuda/merge_states_params.h"
#include "src/ops/attn_decode/gpu_operands.h"

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
  MergeStatesParams params{args.parts,
                           args.lse,
                           args.out.data,
                           args.out_lse,
                           args.rows,
                           args.part_stride == 0 ? args.rows * args.dim : args.part_stride,
                           args.out.stride(),
                           static_cast<int32_t>(args.num_parts),
                           static_cast<int32_t>(args.dim),
                           out_type(args.out.dtype)};
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(blocks), shape.block_x = kMergeThreads;
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  const gpu::Kernel& kernel = kKernels[static_cast<int>(out_type(args.dtype))];
  const Status status = kernel.launch(queue, shape, &params);
  if (status.ok()) return status;
  return fail(status.code(), "{} parts={} rows={} dim={}: {}: {}", kOp, args.num_parts, args.rows,
              args.dim, kernel.entry(), status.message());
}

#else

Status merge_states(const AttnMergeArgs&, Stream&) {
  return fail(StatusCode::kUnsupported, "attn_merge_states: this build has no sm90 kernels");
}

#endif

}  // namespace octet::ops::attn_decode::cuda
