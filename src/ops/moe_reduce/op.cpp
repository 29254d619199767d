// moe_reduce: validate, then one launch on a GPU, or tokens in parallel over the threads of the
// stream.
#include "octet/moe_reduce.h"
#include "src/core/try.h"
#include "src/ops/moe_reduce/cuda/launch.h"
#include "src/ops/moe_reduce/hip/launch.h"
#include "src/ops/moe_reduce/problem.h"
#include "src/ops/moe_reduce/variants.h"

namespace octet {
namespace {

struct Call {
  ops::moe_reduce::Task task;
  ops::moe_reduce::cpu::Kernel kernel;
};

void work(void* context, int thread, int threads) {
  const Call& call = *static_cast<const Call*>(context);
  const int64_t tokens = call.task.tokens;
  call.kernel(call.task, tokens * thread / threads, tokens * (thread + 1) / threads);
}

}  // namespace

Status moe_reduce(const MoeReduceArgs& args, Stream& stream) {
  Call call{};
  OCTET_TRY(call.task, ops::moe_reduce::validate(args));
  if (call.task.tokens == 0 || call.task.cols == 0) return Status::Ok();
  if (arch_runs(stream.device().arch, Arch::kGfx942))
    return ops::moe_reduce::hip::run(call.task, stream);
  if (stream.is_gpu()) {
    return ops::moe_reduce::cuda::run(call.task, args.overlap_previous, args.ids_are_older, stream);
  }
  call.kernel = cpu::fastest(ops::moe_reduce::variants(), stream.device()).kernel;
  // Why: to wake another thread costs more than to add some ten thousand values.
  const bool small = call.task.tokens * call.task.topk * call.task.cols < 65536;
  small ? work(&call, 0, 1) : stream.parallel(work, &call);
  return Status::Ok();
}

}  // namespace octet
