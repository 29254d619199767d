// quantize: validate, then one launch on a GPU, or rows of blocks in parallel over the threads of
// the stream.
#include "octet/quantize.h"
#include "src/core/try.h"
#include "src/ops/quantize/cuda/launch.h"
#include "src/ops/quantize/hip/launch.h"
#include "src/ops/quantize/problem.h"
#include "src/ops/quantize/variants.h"

namespace octet {
namespace {

struct Call {
  ops::quantize::Task task;
  ops::quantize::cpu::Kernel kernel;
};

void work(void* context, int thread, int threads) {
  const Call& call = *static_cast<const Call*>(context);
  const int64_t blocks = (call.task.rows + call.task.block_rows - 1) / call.task.block_rows;
  call.kernel(call.task, blocks * thread / threads, blocks * (thread + 1) / threads);
}

}  // namespace

Status quantize(const QuantizeArgs& args, Stream& stream) {
  Call call{};
  OCTET_TRY(call.task, ops::quantize::validate(args));
  if (call.task.rows == 0) return Status::Ok();
  if (arch_runs(stream.device().arch, Arch::kGfx942))
    return ops::quantize::hip::run(call.task, stream);
  if (stream.is_gpu()) {
    return ops::quantize::cuda::run(call.task, args.overlap_previous, args.pass_at_once, stream);
  }
  call.kernel = cpu::fastest(ops::quantize::variants(), stream.device()).kernel;
  // Why: to wake another thread costs more than a few thousand values.
  const bool small = call.task.rows == 1 || call.task.rows * call.task.cols < 16384;
  small ? work(&call, 0, 1) : stream.parallel(work, &call);
  return Status::Ok();
}

}  // namespace octet
