#include "src/harness/compare/rule.h"

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/compare/robust.h"

namespace octet::harness {

Result<Rule> parse_rule(std::string_view word) {
  if (word == "robust") return Rule::kRobust;
  if (word == "golden") return Rule::kGolden;
  if (word == "threshold") return Rule::kThreshold;
  const std::string rules[] = {"robust", "golden", "threshold"};
  return fail(StatusCode::kInvalidArgument, "no rule '{}'{}; there are robust, golden, threshold",
              word, did_you_mean(word, rules));
}

const char* name(State state) {
  constexpr const char* kNames[kNumStates] = {"SLOWER",  "AMBIGUOUS", "FASTER", "NEW",
                                              "REMOVED", "SAME",      "SKIPPED"};
  return kNames[static_cast<int>(state)];
}

namespace {

constexpr double kGoldenMinUs = 4, kGoldenRatio = 1.005, kGoldenSlackUs = 0.5;

template <class Slower>
State either_way(double base_us, double new_us, const Slower& slower) {
  if (slower(new_us, base_us)) return State::kSlower;
  return slower(base_us, new_us) ? State::kFaster : State::kSame;
}

}  // namespace

State judge_golden(double base_us, double new_us) {
  if (base_us < kGoldenMinUs) return State::kSkipped;
  return either_way(base_us, new_us, [](double slow, double fast) {
    return slow > kGoldenRatio * fast + kGoldenSlackUs;
  });
}

State judge_threshold(double base_us, double new_us, double threshold) {
  return either_way(base_us, new_us,
                    [&](double slow, double fast) { return slow > (1 + threshold) * fast; });
}

std::string rule_words(Rule rule, double threshold) {
  switch (rule) {
    case Rule::kRobust:
      return fmt::format("robust: {:g} % confidence over all rows, changes from {:g} %",
                         100 * (1 - kFalseAlarm), 100 * kLeastChange);
    case Rule::kGolden:
      return "golden: new > 1.005 x base + 0.5 us, base from 4 us";
    case Rule::kThreshold:
      return fmt::format("threshold: times apart by more than {:g} %", 100 * threshold);
  }
  return "";
}

}  // namespace octet::harness
