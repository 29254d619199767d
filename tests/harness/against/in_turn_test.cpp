// Two builds in turn, by simulated timings: how many repetitions rows get, and what is then said.
#include "src/harness/against/in_turn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "src/harness/compare/compare.h"

namespace octet::harness {
namespace {

constexpr size_t kProblems = 200;

/// A repetition of both builds takes half a second of a clock that only this moves.
struct Simulated {
  double noise = 0.004;  // of a repetition's difference, relative
  double outliers = 0;   // part of the repetitions in which the machine changes in between
  double drift = 0;      // of both builds from one repetition to another
  double step = 1;       // new / base
  uint64_t seed = 1;
  size_t problems = kProblems;

  double clock_s = 0;
  std::map<size_t, int> repetitions = {};

  Results rows(size_t problem, double us) {
    Results results{"", Json{{"schema", 1}}, {}, {}};
    Measurement row;
    row.op = "o", row.format = "f", row.device = "d", row.arch = "a", row.cu_num = 1;
    row.problem = {{"m", static_cast<int64_t>(problem)}};
    row.variant = "v", row.why = "w", row.policy = "cold";
    row.us = row.us_min = row.us_max = row.us_q1 = row.us_q3 = us;
    row.samples = 100;
    results.rows.push_back(row);
    return results;
  }
  Turns run(int least = 3) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    const MeasurePair measure = [&](size_t problem, int) -> Result<TurnPair> {
      clock_s += 0.5;
      ++repetitions[problem];
      const double us = 100 * std::exp(drift * normal(random));
      double change = std::log(step) + noise * normal(random);
      if (uniform(random) < outliers) change += 1.4 * uniform(random) - 0.7;
      return TurnPair{rows(problem, us), "", rows(problem, us * std::exp(change))};
    };
    const auto turns = measure_in_turn(problems, measure, {least, {}, [this] { return clock_s; }});
    EXPECT_TRUE(turns.ok()) << turns.status().message();
    return turns.ok() ? *turns : Turns{};
  }
  Comparison compared(int least = 3) {
    const Turns turns = run(least);
    const auto comparison = compare(turns.base, turns.next);
    EXPECT_TRUE(comparison.ok()) << comparison.status().message();
    return comparison.ok() ? *comparison : Comparison{};
  }
};

TEST(InTurn, StopsAfterTheFirstRepetitionsOnAQuietMachine) {
  Simulated quiet{.noise = 0.002};
  EXPECT_EQ(quiet.compared().of(State::kSame), static_cast<int>(kProblems));
  for (const auto& [problem, count] : quiet.repetitions) EXPECT_EQ(count, 3) << problem;
}

TEST(InTurn, TakesMoreRepetitionsUntilIntervalsAreNarrow) {
  Simulated middling{.noise = 0.007};
  const Comparison comparison = middling.compared();
  EXPECT_GT(comparison.of(State::kSame), static_cast<int>(kProblems) * 9 / 10);
  EXPECT_LE(middling.clock_s, 2 * 0.5 * 3 * kProblems + 0.5) << "the time was up";
  // What three repetitions alone would have said.
  Turns three = Simulated{.noise = 0.007}.run();
  for (Results* side : {&three.base, &three.next}) {
    for (Measurement& row : side->rows) row.repetitions.resize(3);
  }
  EXPECT_LT(compare(three.base, three.next)->of(State::kSame), static_cast<int>(kProblems) / 3);
}

TEST(InTurn, EndsWhenTheTimeIsUp) {
  Simulated noisy{.noise = 0.05};
  EXPECT_EQ(noisy.compared().of(State::kSame), 0);
  EXPECT_NEAR(noisy.clock_s, kLonger * 0.5 * 3 * kProblems, 0.5);
}

TEST(InTurn, NoProblemGetsMoreThanTheMostRepetitions) {
  Simulated one{.noise = 0.05, .problems = 1};
  one.run(10);
  EXPECT_EQ(one.repetitions[0], kMostTurnRepetitions);
}

TEST(InTurn, RaisesNoAlarmOnIdenticalBuilds) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (Simulated machine : {Simulated{.noise = 0.003}, Simulated{.noise = 0.01},
                              Simulated{.noise = 0.01, .outliers = 0.05, .drift = 0.3},
                              Simulated{.noise = 0.04, .outliers = 0.2}}) {
      machine.seed = seed;
      const Comparison comparison = machine.compared();
      EXPECT_EQ(comparison.of(State::kSlower) + comparison.of(State::kFaster), 0)
          << machine.noise << " seed " << seed;
    }
  }
}

TEST(InTurn, FindsStepsOfThreePercentAndMore) {
  for (const double step : {1.03, 1.10}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      Simulated slower{.noise = 0.006, .drift = 0.2, .step = step, .seed = seed};
      EXPECT_EQ(slower.compared().of(State::kSlower), static_cast<int>(kProblems)) << step;
      Simulated faster{.noise = 0.006, .drift = 0.2, .step = 1 / step, .seed = seed};
      EXPECT_EQ(faster.compared().of(State::kFaster), static_cast<int>(kProblems)) << step;
    }
  }
}

TEST(InTurn, ARepetitionThatWasDisturbedHidesNoStep) {
  Simulated disturbed{.noise = 0.004, .outliers = 0.03, .step = 1.05};
  const Comparison comparison = disturbed.compared();
  EXPECT_GT(comparison.of(State::kSlower), static_cast<int>(kProblems) * 9 / 10);
  EXPECT_EQ(comparison.of(State::kFaster), 0);
}

TEST(InTurn, TimesOfBothBuildsAreOfTheSameRepetitions) {
  Simulated changing{.noise = 0.002, .drift = 0.5};
  const Turns turns = changing.run();
  for (size_t i = 0; i < kProblems; ++i) {
    EXPECT_NEAR(turns.next.rows[i].us / turns.base.rows[i].us, 1, 0.02) << i;
  }
}

TEST(InTurn, AFileOfBothSidesSaysThatTheyWereMeasuredInTurn) {
  const Turns turns = Simulated{}.run(4);
  EXPECT_EQ(turns.base.environment[kSessionKey], turns.next.environment[kSessionKey]);
  EXPECT_EQ(turns.base.rows[0].repetitions.size(), turns.next.rows[0].repetitions.size());
  EXPECT_GE(turns.base.rows[0].repetitions.size(), 4u);
  EXPECT_TRUE(compare(turns.base, turns.next)->noise.in_turn);
}

TEST(InTurn, WhatOnlyTheNewBuildRunsIsNew) {
  Simulated machine;
  const MeasurePair measure = [&](size_t problem, int) -> Result<TurnPair> {
    TurnPair pair{machine.rows(problem, 100), "", machine.rows(problem, 100)};
    if (problem == 1) pair.base.reset(), pair.base_cannot = "out of luck";
    return pair;
  };
  const auto turns = measure_in_turn(2, measure, {});
  ASSERT_TRUE(turns.ok()) << turns.status().message();
  EXPECT_EQ(turns->base.rows.size(), 1u);
  EXPECT_EQ(turns->next.rows.size(), 2u);
  EXPECT_EQ(turns->base_cannot, std::vector<std::string>{"out of luck"});
}

TEST(InTurn, RefusesABaseThatMeasuresNothingAndRowsThatChange) {
  Simulated machine;
  const auto nothing =
      measure_in_turn(2,
                      [&](size_t problem, int) -> Result<TurnPair> {
                        return TurnPair{std::nullopt, "out of luck", machine.rows(problem, 100)};
                      },
                      {});
  EXPECT_EQ(nothing.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(nothing.status().message(),
            "the base can measure none of the 2 problems; the last: out of luck");
  const auto changing =
      measure_in_turn(1,
                      [&](size_t problem, int repetition) -> Result<TurnPair> {
                        TurnPair pair{machine.rows(problem, 100), "", machine.rows(problem, 100)};
                        if (repetition == 1) pair.next.rows[0].variant = "other";
                        return pair;
                      },
                      {});
  EXPECT_EQ(changing.status().code(), StatusCode::kInternal);
  EXPECT_EQ(changing.status().message(), "repetition 2 has 1 rows, and other variants than before");
}

}  // namespace
}  // namespace octet::harness
