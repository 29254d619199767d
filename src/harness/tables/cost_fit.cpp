#include "src/harness/tables/cost_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "src/core/try.h"

namespace octet::harness {
namespace {

using select::CostTerms;
using select::kCostTerms;

double work_of(const CostSample& sample, size_t term) {
  return sample.terms[term] < kNoWork ? 0 : sample.terms[term];
}

/// Normal equations of the relative error, with columns scaled to unit length.
struct Normal {
  std::array<CostTerms, kCostTerms> gram{};
  CostTerms rhs{}, scale{};

  Normal(std::span<const CostSample> samples, std::span<const double> weights) {
    for (size_t row = 0; row < samples.size(); ++row) {
      const double weight = samples[row].weight * (weights.empty() ? 1 : weights[row]);
      for (size_t i = 0; i < kCostTerms; ++i) {
        const double x = work_of(samples[row], i) / samples[row].us;
        rhs[i] += weight * x;
        for (size_t j = 0; j < kCostTerms; ++j) {
          gram[i][j] += weight * x * work_of(samples[row], j) / samples[row].us;
        }
      }
    }
    for (size_t i = 0; i < kCostTerms; ++i) scale[i] = gram[i][i] > 0 ? std::sqrt(gram[i][i]) : 0;
    for (size_t i = 0; i < kCostTerms; ++i) {
      if (scale[i] == 0) continue;
      rhs[i] /= scale[i];
      for (size_t j = 0; j < kCostTerms; ++j) {
        if (scale[j] != 0) gram[i][j] /= scale[i] * scale[j];
      }
    }
  }
};

/// Least squares on the terms of `set` (a bit each) by Cholesky; false where they do not determine
/// it.
bool solve(const Normal& normal, unsigned set, CostTerms& x) {
  constexpr double kPivot = 1e-10;  // of unit columns: below, one is a mix of the others
  std::array<CostTerms, kCostTerms> l{};
  CostTerms y{};
  x = {};
  for (size_t i = 0; i < kCostTerms; ++i) {
    if ((set >> i & 1) == 0) continue;
    if (normal.scale[i] == 0) return false;
    for (size_t j = 0; j <= i; ++j) {
      if ((set >> j & 1) == 0) continue;
      double sum = normal.gram[i][j];
      for (size_t p = 0; p < j; ++p) sum -= l[i][p] * l[j][p];
      if (i == j && sum < kPivot) return false;
      l[i][j] = i == j ? std::sqrt(sum) : sum / l[j][j];
    }
    double sum = normal.rhs[i];
    for (size_t p = 0; p < i; ++p) sum -= l[i][p] * y[p];
    y[i] = sum / l[i][i];
  }
  for (size_t i = kCostTerms; i-- > 0;) {
    if ((set >> i & 1) == 0) continue;
    double sum = y[i];
    for (size_t p = i + 1; p < kCostTerms; ++p) sum -= l[p][i] * x[p];
    x[i] = sum / l[i][i];
  }
  return true;
}

/// What the fit with legal x gains over x = 0.
double gain(const Normal& normal, const CostTerms& x) {
  double gain = 0;
  for (size_t i = 0; i < kCostTerms; ++i) {
    gain += 2 * normal.rhs[i] * x[i];
    for (size_t j = 0; j < kCostTerms; ++j) gain -= x[i] * normal.gram[i][j] * x[j];
  }
  return gain;
}

double relative_error(const CostSample& sample, const CostTerms& us) {
  double predicted = 0;
  for (size_t i = 0; i < kCostTerms; ++i) predicted += us[i] * sample.terms[i];
  return predicted / sample.us - 1;
}

/// Huber's weights: 1 up to 1.345 normalised median deviations, then falling with the deviation.
std::vector<double> robust_weights(std::span<const CostSample> samples, const CostTerms& us) {
  std::vector<double> deviation;
  for (const CostSample& sample : samples)
    deviation.push_back(std::abs(relative_error(sample, us)));
  std::vector<double> sorted = deviation;
  std::sort(sorted.begin(), sorted.end());
  const double limit = std::max(1.345 * 1.4826 * sorted[sorted.size() / 2], 1e-6);
  std::vector<double> weights;
  for (const double value : deviation) weights.push_back(value <= limit ? 1 : limit / value);
  return weights;
}

CostTerms fit_robust(std::span<const CostSample> samples) {
  constexpr int kPasses = 20;
  CostTerms us = fit_nonnegative(samples);
  for (int pass = 0; pass < kPasses; ++pass) {
    us = fit_nonnegative(samples, robust_weights(samples, us));
  }
  return us;
}

select::CostRow fit_row(std::span<const CostSample> samples) {
  select::CostRow row;
  row.arch = samples[0].arch;
  row.variant = samples[0].variant;
  row.us = fit_robust(samples);
  row.samples = static_cast<int>(samples.size());
  double sum = 0;
  for (const CostSample& sample : samples) {
    sum += std::abs(std::log(select::predict_us(row, sample.terms) / sample.us));
  }
  row.error = std::exp(sum / static_cast<double>(samples.size()));
  return row;
}

Status check_sample(const CostSample& sample) {
  OCTET_REQUIRE(std::isfinite(sample.us) && sample.us > 0,
                "cost fit: {}: us = {}, must be positive and finite", sample.variant, sample.us);
  for (const double term : sample.terms) {
    OCTET_REQUIRE(std::isfinite(term) && term >= 0,
                  "cost fit: {}: a term is {}, must be finite and not negative", sample.variant,
                  term);
  }
  return Status::Ok();
}

}  // namespace

Result<CostTermsOf> cost_terms_of(const select::Op& op) {
  if (op.cost_terms == nullptr) {
    return fail(StatusCode::kUnsupported, "{} has no cost model", op.name());
  }
  return op.cost_terms;
}

std::vector<CostSample> cost_samples(const Measured& measured, CostTermsOf terms_of) {
  std::vector<CostSample> samples;
  for (const MeasuredProblem& problem : measured.problems) {
    const int best = problem.best();
    for (size_t i = 0; i < problem.us.size(); ++i) {
      if (problem.us[i] <= 0) continue;
      const select::Variant& variant = measured.op->variants()[i];
      const double nearness = problem.us[static_cast<size_t>(best)] / problem.us[i];
      // Why the cube: of powers 0 to 8, it gave the least regret on (n,k) not fitted, on an H200.
      samples.push_back({measured.device.arch, variant.name,
                         terms_of(problem.problem, variant.tile, measured.device), problem.us[i],
                         nearness * nearness * nearness});
    }
  }
  return samples;
}

CostTerms fit_nonnegative(std::span<const CostSample> samples, std::span<const double> weights) {
  const Normal normal(samples, weights);
  CostTerms best{};
  double best_gain = 0;
  for (unsigned set = 1; set < 1u << kCostTerms; ++set) {
    CostTerms x;
    if (!solve(normal, set, x)) continue;
    if (std::any_of(x.begin(), x.end(), [](double value) { return value < 0; })) continue;
    const double this_gain = gain(normal, x);
    // Why the margin: sets that fit equally well must not take turns by rounding.
    if (this_gain > best_gain + 1e-12 * std::abs(best_gain)) {
      best_gain = this_gain;
      best = x;
    }
  }
  for (size_t i = 0; i < kCostTerms; ++i) {
    if (best[i] > 0) best[i] /= normal.scale[i];
  }
  return best;
}

Result<CostFit> fit_cost_model(std::vector<CostSample> samples) {
  for (const CostSample& sample : samples) OCTET_CHECK_OK(check_sample(sample));
  const auto key = [](const CostSample& s) {
    return std::tuple(arch_name(s.arch), std::string_view(s.variant));
  };
  std::sort(samples.begin(), samples.end(), [&](const CostSample& a, const CostSample& b) {
    return std::tuple(key(a), a.us, a.terms, a.weight) <
           std::tuple(key(b), b.us, b.terms, b.weight);
  });
  CostFit fit;
  std::vector<select::CostRow> rows;
  for (auto begin = samples.begin(); begin != samples.end();) {
    const auto end = std::find_if(
        begin, samples.end(), [&](const CostSample& sample) { return key(sample) != key(*begin); });
    const std::span<const CostSample> group(begin, end);
    if (group.size() >= kMinCostSamples) {
      rows.push_back(fit_row(group));
    } else {
      fit.too_few.push_back(fmt::format("{} {}: {} samples, {} are needed", arch_name(begin->arch),
                                        begin->variant, group.size(), kMinCostSamples));
    }
    begin = end;
  }
  fit.model = select::CostModel(std::move(rows));
  return fit;
}

}  // namespace octet::harness
