// What runs where no tuned row fits: on sm90 the variant with the least predicted time
// (data/cost); on gfx942 and gfx950 arms (hip/choice.h); every tier of a CPU has one kernel, the
// first of the list that runs.
#include "src/ops/gemm_batched/hip/choice.h"
#include "src/ops/gemm_batched/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::gemm_batched {
select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  if (arch_runs(device.arch, Arch::kGfx942))
    return hip::choose(op(), from(problem), device, usable);
  return select::fitted_cost<op>().least(problem, device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return select::fitted_cost<op>().predict_us(variant, problem, device);
}

}  // namespace octet::ops::gemm_batched
