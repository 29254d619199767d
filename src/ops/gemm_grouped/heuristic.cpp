// What runs where no tuned row fits: the variant with the least predicted time (data/cost).
#include "src/ops/gemm_grouped/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::gemm_grouped {
select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  // Why: its kernel, the first in the list, was the fastest in 61 of 64 cells on a Xeon with AMX
  // and within 15 % in the others.
  if (device.arch == Arch::kX86Amx) return {};
  return select::fitted_cost<op>().least(problem, device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return select::fitted_cost<op>().predict_us(variant, problem, device);
}

}  // namespace octet::ops::gemm_grouped
