// The reference of gemm_grouped: one result at a time, in double.
#include "src/ops/gemm_grouped/cpu/generic_ref.h"

#include "src/core/try.h"
#include "src/cpu/store.h"
#include "src/ops/gemm_grouped/cpu/routing.h"
#include "src/ops/gemm_grouped/cpu/task.h"

namespace octet::ops::gemm_grouped {
namespace {

struct Call {
  const GemmGroupedArgs& args;
  Routing routing;
};

/// A thread takes a range of columns of every routed row.
void work(void* context, int thread, int threads) {
  const auto& [args, routing] = *static_cast<const Call*>(context);
  const Problem p = problem_of(args);
  for (const ExpertRange& range : routing.experts) {
    cpu::Task task = expert_task(args, range.expert);
    task.d = args.d.data;
    task.d_stride = args.d.stride();
    task.output = cpu::output_of(args.d.dtype);
    for (int64_t i = range.begin; i < range.end; ++i) {
      const int64_t choice = routing.choices[static_cast<size_t>(i)];
      const double weight = p.weighted ? static_cast<double>(args.topk_weights[choice]) : 1.0;
      for (int64_t n = p.n * thread / threads; n < p.n * (thread + 1) / threads; ++n) {
        const double sum = exact_element(p.format, task, choice / args.a_div, n).value;
        cpu::store_rounded(task, choice, n, weight * sum);
      }
    }
  }
}

}  // namespace

Status GenericRef::run(const GemmGroupedArgs& args, Stream& stream) {
  OCTET_TRY(Routing routing, read_routing(args));
  Call call{args, std::move(routing)};
  stream.parallel(work, &call);
  return Status::Ok();
}

}  // namespace octet::ops::gemm_grouped
