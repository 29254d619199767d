// What runs where no tuned row fits: the variant with the least predicted time (data/cost); on AMD
// what hip/choice.h says.
#include "src/ops/gemm_grouped/hip/choice.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::gemm_grouped {
select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  // Why: its rows are of the kernel before experts of few rows had a path of their own; the first
  // in the list, AMX, was then the fastest or within 15 % wherever it was timed.
  if (device.arch == Arch::kX86Amx) return {};
  if (device.arch == Arch::kGfx942 || device.arch == Arch::kGfx950) {
    return hip::choose(op(), from(problem), device, usable);
  }
  return select::fitted_cost<op>().least(problem, device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return select::fitted_cost<op>().predict_us(variant, problem, device);
}

}  // namespace octet::ops::gemm_grouped
