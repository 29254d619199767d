// moe_align: validate, then sort on the threads of the stream or by one launch.
#include "octet/moe_align.h"
#include "src/core/try.h"
#include "src/ops/moe_align/cpu/sort.h"
#include "src/ops/moe_align/cuda/launch.h"
#include "src/ops/moe_align/hip/launch.h"
#include "src/ops/moe_align/problem.h"

namespace octet {

Status moe_align(const MoeAlignArgs& args, Stream& stream) {
  OCTET_TRY(const ops::moe_align::Task task, ops::moe_align::validate(args));
  if (arch_runs(stream.device().arch, Arch::kGfx942)) return ops::moe_align::hip::run(task, stream);
  return stream.is_gpu() ? ops::moe_align::cuda::run(task, args.overlap_previous, stream)
                         : ops::moe_align::cpu::run(task, stream);
}

}  // namespace octet
