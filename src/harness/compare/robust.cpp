#include "src/harness/compare/robust.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include "src/harness/measure/statistics.h"

namespace octet::harness {
namespace {

using Values = std::vector<double>;

double squares(const Values& values) {
  const double center = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - center) * (value - center);
  return sum;
}

/// Logarithms of the repetitions, of the one time where there are none.
Values logs_of(const Measurement& row) {
  Values logs;
  for (const double us : row.repetitions) logs.push_back(std::log(us));
  if (logs.empty()) logs.push_back(std::log(row.us));
  return logs;
}

/// What the repetitions of a row say.
struct Sample {
  double change = 0;   // log of new / base
  double squares = 0;  // of what the repetitions deviate by
  int freedom = 0;     // degrees of it
  double terms = 0;    // variance of `change` over that of one repetition
};

/// The trimmed mean and its error by the winsorised squares (Yuen 1974): from five values on, the
/// fifth at each end counts for no more than the value next to it.
Sample trimmed(Values values) {
  std::sort(values.begin(), values.end());
  const size_t cut = values.size() / 5;
  const std::span kept = std::span(values).subspan(cut, values.size() - 2 * cut);
  Sample sample;
  sample.change = mean(kept);
  sample.freedom = static_cast<int>(kept.size()) - 1;
  sample.terms = 1 / static_cast<double>(values.size());
  const double share = static_cast<double>(values.size()) / static_cast<double>(kept.size());
  const double low = kept.front(), high = kept.back();
  for (double& value : values) value = std::clamp(value, low, high);
  sample.squares = squares(values) * share;
  return sample;
}

Sample sample_of(const Pair& pair, bool in_turn) {
  const Values base = logs_of(*pair.base), next = logs_of(*pair.next);
  if (in_turn) {
    Values differences;
    for (size_t i = 0; i < std::min(base.size(), next.size()); ++i) {
      differences.push_back(next[i] - base[i]);
    }
    return trimmed(std::move(differences));
  }
  const auto num_base = static_cast<double>(base.size()),
             num_next = static_cast<double>(next.size());
  return {mean(next) - mean(base), squares(base) + squares(next),
          static_cast<int>(base.size() + next.size()) - 2, 1 / num_base + 1 / num_next};
}

/// The relative standard error of a median by the samples within one repetition: no repetition
/// scatters less. Of normally distributed samples: 1.2533 / sqrt(n) sigma, sigma = IQR / 1.349.
double within_scatter(const Measurement& row) {
  const double repetitions = std::max<double>(1, static_cast<double>(row.repetitions.size()));
  const double samples = std::max(1.0, row.samples / repetitions);
  return 1.2533 / 1.349 * (row.us_q3 - row.us_q1) / row.us / std::sqrt(samples);
}

/// The shift of the machine between two files by their read floors; 0 where few rows have one.
double floor_shift(std::span<const Pair> pairs) {
  constexpr size_t kEnough = 5;
  Values shifts;
  for (const Pair& pair : pairs) {
    if (!(pair.base->floor_us > 0 && pair.next->floor_us > 0)) continue;
    shifts.push_back(std::log(pair.next->floor_us / pair.base->floor_us));
  }
  return shifts.size() < kEnough ? 0 : median(shifts);
}

/// P(T > t), t >= 0: the finite sums for whole degrees of freedom (Abramowitz and Stegun 26.7.3-4).
double student_tail(double t, int freedom) {
  const double angle = std::atan(t / std::sqrt(freedom));
  const double cos_squared = std::pow(std::cos(angle), 2);
  const bool odd = freedom % 2 == 1;
  double term = odd ? std::cos(angle) : 1, sum = freedom == 1 ? 0 : term;
  for (int i = odd ? 3 : 2; i <= freedom - 2; i += 2) {
    term *= cos_squared * (i - 1) / i;
    sum += term;
  }
  const double inside =
      odd ? 2 / std::numbers::pi * (angle + std::sin(angle) * sum) : std::sin(angle) * sum;
  return (1 - inside) / 2;
}

/// Of one repetition of a row, after a look at all rows.
struct Scatter {
  double variance;
  int freedom;
};

Scatter scatter_of(const Sample& sample, const Noise& noise) {
  const double typical = noise.scatter * noise.scatter;
  const double own = sample.freedom > 0 ? sample.squares / sample.freedom : 0;
  if (own > kApart * kApart * typical) return {own, sample.freedom};
  const int freedom = kPriorWeight + sample.freedom;
  return {(kPriorWeight * typical + sample.squares) / freedom, freedom};
}

}  // namespace

double student_quantile(double tail, int freedom) {
  double low = 0, high = 1;
  while (student_tail(high, freedom) > tail && high < 1e12) high *= 2;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (student_tail(middle, freedom) > tail ? low : high) = middle;
  }
  return high;
}

Noise noise_of(std::span<const Pair> pairs, bool in_turn) {
  Noise noise;
  noise.in_turn = in_turn;
  noise.rows = static_cast<int>(pairs.size());
  noise.shift = in_turn ? 0 : floor_shift(pairs);
  // Why the median of rows: a row that something disturbed is not typical.
  Values variances;
  int freedom = 0;
  for (const Pair& pair : pairs) {
    const Sample sample = sample_of(pair, in_turn);
    if (sample.freedom < 1) continue;
    variances.push_back(sample.squares / sample.freedom);
    freedom = std::max(freedom, sample.freedom);
  }
  if (variances.empty()) {
    noise.scatter = kUnknownScatter;
    noise.assumed = true;
    return noise;
  }
  // The median of a chi-squared variable lies below its mean (Wilson and Hilferty).
  const double skew = std::pow(1 - 2.0 / (9 * freedom), 3);
  noise.scatter = std::sqrt(median(variances) / skew);
  return noise;
}

Interval interval_of(const Pair& pair, const Noise& noise) {
  const Sample sample = sample_of(pair, noise.in_turn);
  const Scatter scatter = scatter_of(sample, noise);
  const double within =
      std::pow(within_scatter(*pair.base), 2) + std::pow(within_scatter(*pair.next), 2);
  const double variance = std::max(scatter.variance, noise.in_turn ? within : within / 2);
  const double tail = kFalseAlarm / 2 / std::max(1, noise.rows);
  const double reach =
      student_quantile(tail, scatter.freedom) * std::sqrt(variance * sample.terms) +
      std::fabs(noise.shift);
  return {std::exp(sample.change), std::exp(sample.change - reach),
          std::exp(sample.change + reach)};
}

State judge_robust(const Interval& interval) {
  if (interval.low > 1 && interval.ratio >= 1 + kLeastChange) return State::kSlower;
  if (interval.high < 1 && interval.ratio <= 1 / (1 + kLeastChange)) return State::kFaster;
  const bool same = interval.low > 1 / (1 + kSameChange) && interval.high < 1 + kSameChange;
  return same ? State::kSame : State::kAmbiguous;
}

}  // namespace octet::harness
