// Fitting the cost model (src/select/cost_model.h) to measured times.
//
// Method     least squares of the relative error predicted/measured - 1 with no coefficient below
//            zero: with five terms every set of positive ones is solved and the best legal one
//            taken, which is exact and deterministic. A term under kNoWork is none: what rounding
//            leaves of a difference would else become a coefficient of 1e15. Then the same again
//            with outliers down-weighted by Huber's rule (1.345 times the normalised median
//            deviation). A variant counts by how near it came to the fastest of the problem: the
//            model is there to rank the leaders, and need not tell how slow the slow ones are.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/harness/tables/measured.h"
#include "src/select/cost_model.h"

namespace octet::harness {

/// What a problem means in terms of the model, for a variant of this tile on one device.
using CostTermsOf = select::CostTerms (*)(const select::Problem&, const select::Tile&,
                                          const Device&);

/// The op's own terms; kUnsupported for an op without a cost model.
Result<CostTermsOf> cost_terms_of(const select::Op& op);

struct CostSample {
  Arch arch = Arch::kGeneric;
  std::string variant;
  select::CostTerms terms{};
  double us = 0;
  double weight = 1;
};

/// Every measured time of a set, in the terms of the model, weighted by the cube of fastest/us.
std::vector<CostSample> cost_samples(const Measured& measured, CostTermsOf terms_of);

/// Of a term: a byte, a thousand operations.
inline constexpr double kNoWork = 1e-6;

/// A variant with fewer samples is not fitted: five coefficients need more points than that.
inline constexpr int kMinCostSamples = 6;

struct CostFit {
  select::CostModel model{{}};       // a row per (arch, variant), sorted by both names
  std::vector<std::string> too_few;  // "x86_amx <variant>: 3 samples, 6 are needed"
};

/// kInvalidArgument for a time or a term that is not finite, a time not above zero, or a term below
/// zero. The order of the samples plays no part.
Result<CostFit> fit_cost_model(std::vector<CostSample> samples);

/// Coefficients >= 0 that minimise sum of weight * (predicted/us - 1)^2, the samples' weights times
/// `weights` if there are any.
select::CostTerms fit_nonnegative(std::span<const CostSample> samples,
                                  std::span<const double> weights = {});

}  // namespace octet::harness
