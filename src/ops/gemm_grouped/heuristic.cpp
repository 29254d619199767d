// What runs where no tuned row fits: the variant with the least predicted time (data/cost), or on a
// GPU without a model the least estimate.
#include <cmath>

#include "src/ops/gemm_grouped/cuda/cost.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::gemm_grouped {
namespace {

const select::FittedCost& fitted_cost() {
  static const select::FittedCost fitted(op());
  return fitted;
}

select::HeuristicChoice least_estimate(const Problem& problem, const Device& device,
                                       select::Usable usable) {
  select::HeuristicChoice best;
  double best_us = INFINITY;
  for (size_t i = 0; i + 1 < usable.size(); ++i) {
    const select::Variant& variant = variants()[i];
    if (!usable[i] || variant.arch != device.arch || variant.name == "sm90_simple") continue;
    const double us = cuda::estimate_us(problem, variant.tile, device.cu_num);
    if (us < best_us) {
      best_us = us;
      best = {static_cast<int>(i), "estimate"};
    }
  }
  return best;
}

}  // namespace

select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  // Why: no machine with AMX has measured this op; its kernel is the first in the list.
  if (device.arch == Arch::kX86Amx) return {};
  const select::HeuristicChoice fitted = fitted_cost().least(problem, device, usable);
  if (fitted.variant >= 0 || is_cpu(device.arch)) return fitted;
  return least_estimate(from(problem), device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return fitted_cost().predict_us(variant, problem, device);
}

}  // namespace octet::ops::gemm_grouped
