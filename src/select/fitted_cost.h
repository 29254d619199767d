// The fitted cost models of an op, as built in, and the choice that they make.
#pragma once

#include <array>
#include <vector>

#include "src/select/cost_model.h"
#include "src/select/op.h"

namespace octet::select {

class FittedCost {
 public:
  /// Reads data/cost/<op>/. `op` outlives this.
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

/// Those of the op that `kOp()` gives, read at the first use.
template <auto kOp>
const FittedCost& fitted_cost() {
  static const FittedCost fitted(kOp());
  return fitted;
}

}  // namespace octet::select
