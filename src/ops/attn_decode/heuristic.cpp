// What runs where no tuned row fits: on a GPU the variant with the least predicted time
// (data/cost); on a CPU, which has no model, the first of the list that runs.
#include "src/ops/attn_decode/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::attn_decode {

select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  return select::fitted_cost<op>().least(problem, device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return select::fitted_cost<op>().predict_us(variant, problem, device);
}

}  // namespace octet::ops::attn_decode
