// Timing: medians of interleaved samples, with the spread kept.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "octet/status.h"

namespace octet::harness {

/// The one meaning of "stable", in results and reports too: the medians of the first and the last
/// half of the samples, in the order they were taken, differ by less than 5 % of the median of all.
/// Fewer than 4 samples never are.
bool is_stable(std::span<const double> samples);

/// Order statistics of one set of samples, in microseconds.
struct Timing {
  double us = 0;  // median
  double us_min = 0, us_max = 0, us_q1 = 0, us_q3 = 0;
  int samples = 0;
  bool stable = false;  // is_stable
};

/// `samples` in the order they were taken; at least one.
Timing summarize(std::span<const double> samples);

struct TimingPolicy {
  int min_samples = 7;
  int max_samples = 400;
  double budget_us = 200'000;  // of all candidates together; min_samples are always taken
  /// Candidates with thread pools of their own disturb the next one while their idle workers spin.
  /// If set: before each timed call a pause of this length, then one call that is not timed.
  double settle_us = 0;
  /// GPU: idle time after each replay, in lengths of it. At full load a card falls to the clock
  /// that its power limit allows; a serving engine has gaps, and peers are timed in bursts.
  double rest = 2;
};

/// One call; `iteration` counts calls, for operand rotation.
using Timed = std::function<Status(int64_t iteration)>;

/// Runs the candidates round-robin so that drift of the machine hits all alike. The first round
/// warms up and is not kept.
Result<std::vector<Timing>> time_interleaved(std::span<const Timed> candidates,
                                             const TimingPolicy& policy);

}  // namespace octet::harness
