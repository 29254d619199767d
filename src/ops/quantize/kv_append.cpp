// kv_append: validate, then one launch on a GPU; on a CPU find the places of all tokens, then
// append them in parallel over the threads of the stream.
#include "octet/kv_append.h"

#include "src/core/try.h"
#include "src/ops/quantize/append_problem.h"
#include "src/ops/quantize/cuda/append_launch.h"
#include "src/ops/quantize/hip/append_launch.h"
#include "src/ops/quantize/variants.h"

namespace octet {
namespace {

struct Call {
  ops::quantize::AppendTask task;
  ops::quantize::cpu::AppendKernel kernel;
};

void work(void* context, int thread, int threads) {
  const Call& call = *static_cast<const Call*>(context);
  const int64_t tokens = call.task.tokens;
  call.kernel(call.task, tokens * thread / threads, tokens * (thread + 1) / threads);
}

}  // namespace

Status kv_append(const KvAppendArgs& args, Stream& stream) {
  Call call{};
  OCTET_TRY(call.task, ops::quantize::validate(args));
  const int64_t tokens = call.task.tokens;
  if (tokens == 0) return Status::Ok();
  if (arch_runs(stream.device().arch, Arch::kGfx942)) {
    return ops::quantize::hip::append(call.task, args.fault, stream);
  }
  if (stream.is_gpu()) {
    return ops::quantize::cuda::append(call.task, args.fault, args.overlap_previous, stream);
  }
  OCTET_CHECK_OK(ops::quantize::check_given_scales(call.task));
  OCTET_TRY(void* memory, stream.workspace(tokens * int64_t{sizeof(ops::quantize::Place)}));
  auto* places = static_cast<ops::quantize::Place*>(memory);
  OCTET_CHECK_OK(ops::quantize::find_places(call.task, places));
  call.task.places = places;
  call.kernel = cpu::fastest(ops::quantize::append_variants(), stream.device()).kernel;
  // Why: to wake another thread costs more than some ten thousand values.
  const bool small = tokens == 1 || tokens * args.k.heads * args.k.dim < 16384;
  small ? work(&call, 0, 1) : stream.parallel(work, &call);
  return Status::Ok();
}

}  // namespace octet
