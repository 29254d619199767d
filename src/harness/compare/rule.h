// Rules: how a pair of measurements becomes a verdict. golden and threshold look at one time a
// side; robust (robust.h) at every repetition.
#pragma once

#include <string>
#include <string_view>

#include "src/harness/measure/results.h"

namespace octet::harness {

enum class Rule {
  kRobust,     // an interval of confidence from the repetitions: robust.h
  kGolden,     // new > 1.005 * base + 0.5 us; base under 4 us is SKIPPED
  kThreshold,  // new > (1 + threshold) * base
};
Result<Rule> parse_rule(std::string_view word);

enum class State { kSlower, kAmbiguous, kFaster, kNew, kRemoved, kSame, kSkipped };
inline constexpr int kNumStates = 7;
const char* name(State state);  // "SLOWER"

/// The golden rule as it was published (ROCm/aiter, pull request 3283), and its mirror image.
State judge_golden(double base_us, double new_us);
State judge_threshold(double base_us, double new_us, double threshold);

/// "golden: new > 1.005 x base + 0.5 us, base from 4 us"
std::string rule_words(Rule rule, double threshold);

}  // namespace octet::harness
