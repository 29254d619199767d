// The fitted cost models of an op, as built in, and the choice that they make.
#pragma once

#include <array>
#include <vector>

#include "src/select/cost_model.h"
#include "src/select/op.h"

namespace octet::select {

class FittedCost {
 public:
  /// Reads data/cost/<op>/; bad rows are left out (cost_problems). `op` outlives this.
  explicit FittedCost(const Op& op);

  /// 0 where no measured row covers the variant on such a device.
  double predict_us(int variant, const Problem& problem, const Device& device) const;

  /// The usable variant of least predicted time, never the reference.
  HeuristicChoice least(const Problem& problem, const Device& device, Usable usable) const;

 private:
  const Op& op_;
  CostModel model_;
  std::array<std::vector<const CostRow*>, kNumArches> rows_;  // of every variant, by arch
};

/// Why rows of a cost model of the op serve nobody, a line `path:line: reason` each: bad numbers,
/// an unknown kernel, one that the arch of its row cannot run, a repeated row (the first serves).
std::vector<std::string> cost_problems(const Op& op, const Csv& csv);

/// Those of the op that `kOp()` gives, read at the first use.
template <auto kOp>
const FittedCost& fitted_cost() {
  static const FittedCost fitted(kOp());
  return fitted;
}

}  // namespace octet::select
