// Rules that look at one time a side, on times chosen by hand.
#include "src/harness/compare/rule.h"

#include <gtest/gtest.h>

#include "harness/compare/synthetic.h"

namespace octet::harness {
namespace {

TEST(Rule, GoldenIsTheRatioPlusHalfAMicrosecond) {
  struct Limit {
    double golden, limit;  // 1.005 * golden + 0.5, by hand
  };
  // 22075 and 7905 us are times of the pull request that the rule comes from.
  for (const Limit one : {Limit{4, 4.52}, Limit{10, 10.55}, Limit{100, 101}, Limit{1000, 1005.5},
                          Limit{7905, 7945.025}, Limit{22075, 22185.875}}) {
    EXPECT_EQ(judge_golden(one.golden, one.limit * (1 - 1e-9)), State::kSame) << one.golden;
    EXPECT_EQ(judge_golden(one.golden, one.limit * (1 + 1e-9)), State::kSlower) << one.golden;
    EXPECT_EQ(judge_golden(one.limit * (1 - 1e-9), one.golden), State::kSame) << one.golden;
    EXPECT_EQ(judge_golden(one.limit * (1 + 1e-9), one.golden), State::kFaster) << one.golden;
  }
}

TEST(Rule, GoldenSkipsWhatIsUnderFourMicroseconds) {
  EXPECT_EQ(judge_golden(3.999, 400), State::kSkipped);
  EXPECT_EQ(judge_golden(4, 400), State::kSlower);
  EXPECT_EQ(judge_golden(400, 3), State::kFaster);
}

/// How many of `files`' rows golden calls slower.
int golden_alarms(const std::pair<Results, Results>& files) {
  CompareOptions options;
  options.rule = Rule::kGolden;
  return compare(files.first, files.second, options).value().of(State::kSlower);
}

TEST(Rule, GoldenOnStepsOfAQuietMachine) {
  // Rows of 25 * 100^(i / 200) us; a step of p is over the limit where p x > 0.005 x + 0.5.
  const testing_compare::Machine quiet{.noise = 0, .spikes = 0, .drift = 0};
  const auto alarms = [&](double step) {
    return golden_alarms(
        testing_compare::Synthetic(1, quiet).files(200, false, [&](int) { return step; }));
  };
  EXPECT_EQ(alarms(1), 0);
  EXPECT_EQ(alarms(1.003), 0);   // below half a percent never
  EXPECT_EQ(alarms(1.01), 139);  // over 100 us: 100^(i / 200) > 4, i from 61
  EXPECT_EQ(alarms(1.03), 200);  // over 20 us
  EXPECT_EQ(alarms(1.10), 200);
}

TEST(Rule, Threshold) {
  EXPECT_EQ(judge_threshold(100, 105, 0.05), State::kSame);
  EXPECT_EQ(judge_threshold(100, 105.1, 0.05), State::kSlower);
  EXPECT_EQ(judge_threshold(105.1, 100, 0.05), State::kFaster);
  EXPECT_EQ(judge_threshold(1, 1.06, 0.05), State::kSlower) << "nothing is too short";
  EXPECT_EQ(judge_threshold(100, 119, 0.2), State::kSame);
  EXPECT_EQ(judge_threshold(100, 121, 0.2), State::kSlower);
}

TEST(Rule, EqualTimesAreTheSame) {
  EXPECT_EQ(judge_golden(50, 50), State::kSame);
  EXPECT_EQ(judge_threshold(50, 50, 0), State::kSame);
}

TEST(Rule, Words) {
  EXPECT_EQ(parse_rule("golden").value(), Rule::kGolden);
  EXPECT_EQ(parse_rule("robust").value(), Rule::kRobust);
  EXPECT_EQ(parse_rule("threshold").value(), Rule::kThreshold);
  const auto slip = parse_rule("goldn");
  EXPECT_EQ(slip.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(slip.status().message().find("did you mean 'golden'?"), std::string::npos);
}

}  // namespace
}  // namespace octet::harness
