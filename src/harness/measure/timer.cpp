#include "src/harness/measure/timer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "src/core/try.h"
#include "src/harness/measure/statistics.h"

namespace octet::harness {
namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

}  // namespace

bool is_stable(std::span<const double> samples) {
  if (samples.size() < 4) return false;
  const double early = median(samples.first(samples.size() / 2));
  const double late = median(samples.last(samples.size() / 2));
  return std::fabs(early - late) < 0.05 * median(samples);
}

Timing summarize(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  Timing timing;
  timing.samples = static_cast<int>(sorted.size());
  timing.us = quantile(sorted, 0.5);
  timing.us_q1 = quantile(sorted, 0.25);
  timing.us_q3 = quantile(sorted, 0.75);
  timing.us_min = sorted.front();
  timing.us_max = sorted.back();
  timing.stable = is_stable(samples);
  return timing;
}

Result<std::vector<Timing>> time_interleaved(std::span<const Timed> candidates,
                                             const TimingPolicy& policy) {
  std::vector<std::vector<double>> samples(candidates.size());
  const Clock::time_point begin = Clock::now();
  int64_t iteration = 0;
  for (int round = 0; round <= policy.max_samples; ++round) {
    if (round > policy.min_samples && us_since(begin) > policy.budget_us) break;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (policy.settle_us > 0) {
        std::this_thread::sleep_for(std::chrono::duration<double, std::micro>(policy.settle_us));
        OCTET_CHECK_OK(candidates[i](iteration++));
      }
      const Clock::time_point start = Clock::now();
      OCTET_CHECK_OK(candidates[i](iteration++));
      if (round > 0) samples[i].push_back(us_since(start));
    }
  }
  std::vector<Timing> timings;
  for (const auto& taken : samples) timings.push_back(summarize(taken));
  return timings;
}

}  // namespace octet::harness
