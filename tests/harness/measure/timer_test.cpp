// Statistics by hand, and the order in which candidates are timed.
#include "src/harness/measure/timer.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "src/core/try.h"

namespace octet::harness {
namespace {

TEST(Summarize, FourSamplesByHand) {
  const std::array samples{4.0, 1.0, 3.0, 2.0};
  const Timing timing = summarize(samples);
  EXPECT_DOUBLE_EQ(timing.us, 2.5);
  EXPECT_DOUBLE_EQ(timing.us_q1, 1.75);
  EXPECT_DOUBLE_EQ(timing.us_q3, 3.25);
  EXPECT_DOUBLE_EQ(timing.us_min, 1);
  EXPECT_DOUBLE_EQ(timing.us_max, 4);
  EXPECT_EQ(timing.samples, 4);
  EXPECT_TRUE(timing.stable) << "both halves have the median 2.5";
  EXPECT_EQ(samples[0], 4.0);
}

TEST(Summarize, FiveSamplesByHand) {
  const Timing timing = summarize(std::array{50.0, 10.0, 40.0, 20.0, 30.0});
  EXPECT_DOUBLE_EQ(timing.us, 30);
  EXPECT_DOUBLE_EQ(timing.us_q1, 20);
  EXPECT_DOUBLE_EQ(timing.us_q3, 40);
  EXPECT_DOUBLE_EQ(timing.us_min, 10);
  EXPECT_DOUBLE_EQ(timing.us_max, 50);
}

TEST(Summarize, AnOutlierMovesTheMaximumOnly) {
  const Timing timing = summarize(std::array{10.0, 10.0, 10.0, 9000.0, 10.0, 10.0, 10.0});
  EXPECT_DOUBLE_EQ(timing.us, 10);
  EXPECT_DOUBLE_EQ(timing.us_q3, 10);
  EXPECT_DOUBLE_EQ(timing.us_max, 9000);
  EXPECT_TRUE(timing.stable);
}

TEST(Summarize, DriftBetweenTheHalvesIsUnstable) {
  EXPECT_FALSE(summarize(std::array{1.0, 1.0, 2.0, 2.0}).stable);
  EXPECT_FALSE(summarize(std::array{100.0, 100.0, 106.0, 106.0}).stable);
  EXPECT_TRUE(summarize(std::array{100.0, 100.0, 104.0, 104.0}).stable);
  EXPECT_TRUE(summarize(std::array{1.0, 2.0, 1.0, 2.0}).stable) << "noise without drift";
}

TEST(Summarize, StableIsWhatIsStableSays) {
  for (const double late : {94.0, 96.0, 100.0, 104.0, 106.0}) {
    const std::array samples{100.0, 100.0, 100.0, late, late};
    EXPECT_EQ(summarize(samples).stable, is_stable(samples)) << late;
    EXPECT_EQ(is_stable(samples), late > 95 && late < 105) << late;
  }
  EXPECT_FALSE(is_stable({})) << "no samples";
}

TEST(Summarize, FewSamplesAreNeverStable) {
  const Timing one = summarize(std::array{7.0});
  EXPECT_DOUBLE_EQ(one.us, 7);
  EXPECT_DOUBLE_EQ(one.us_q1, 7);
  EXPECT_DOUBLE_EQ(one.us_max, 7);
  EXPECT_EQ(one.samples, 1);
  EXPECT_FALSE(one.stable);
  EXPECT_FALSE(summarize(std::array{7.0, 7.0, 7.0}).stable);
}

using Calls = std::vector<std::pair<char, int64_t>>;

Timed logging(Calls& calls, char name) {
  return [&calls, name](int64_t iteration) {
    calls.emplace_back(name, iteration);
    return Status::Ok();
  };
}

TEST(TimeInterleaved, RoundRobinWithACountOfCallsAndAWarmUpRound) {
  Calls calls;
  const std::vector<Timed> candidates{logging(calls, 'a'), logging(calls, 'b')};
  const auto timings = time_interleaved(candidates, {2, 2, 1e9});
  ASSERT_TRUE(timings.ok());
  const Calls expected{{'a', 0}, {'b', 1}, {'a', 2}, {'b', 3}, {'a', 4}, {'b', 5}};
  EXPECT_EQ(calls, expected);
  ASSERT_EQ(timings->size(), 2u);
  EXPECT_EQ(timings->at(0).samples, 2) << "the first round is not kept";
  EXPECT_EQ(timings->at(1).samples, 2);
}

TEST(TimeInterleaved, SettlingPausesAndCallsOnceUntimedBeforeEachSample) {
  Calls calls;
  const std::vector<Timed> candidates{logging(calls, 'a'), logging(calls, 'b')};
  const auto begin = std::chrono::steady_clock::now();
  const auto timings = time_interleaved(candidates, {1, 1, 1e9, 2000}).value();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(8));
  const Calls expected{{'a', 0}, {'a', 1}, {'b', 2}, {'b', 3},
                       {'a', 4}, {'a', 5}, {'b', 6}, {'b', 7}};
  EXPECT_EQ(calls, expected);
  EXPECT_EQ(timings[0].samples, 1);
  EXPECT_LT(timings[0].us, 2000) << "the pause is not part of the time";
}

TEST(TimeInterleaved, TheLeastNumberIsTakenWithoutBudgetAndTheMostIsNotPassed) {
  Calls calls;
  const std::vector<Timed> one{logging(calls, 'a')};
  EXPECT_EQ(time_interleaved(one, {5, 400, 0})->at(0).samples, 5);
  EXPECT_EQ(time_interleaved(one, {1, 9, 1e12})->at(0).samples, 9);
}

TEST(TimeInterleaved, TheFirstFailureEndsIt) {
  Calls calls;
  const Timed failing = [](int64_t iteration) {
    return iteration < 3 ? Status::Ok() : fail(StatusCode::kBackend, "call {} failed", iteration);
  };
  const std::vector<Timed> candidates{logging(calls, 'a'), failing};
  const auto timings = time_interleaved(candidates, {5, 5, 0});
  EXPECT_EQ(timings.status().message(), "call 3 failed");
  EXPECT_EQ(calls.size(), 2u) << "nobody is called after it";
}

TEST(TimeInterleaved, TimesAreThoseOfTheCalls) {
  const Timed slow = [](int64_t) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < end) {
    }
    return Status::Ok();
  };
  const Timed nothing = [](int64_t) { return Status::Ok(); };
  const std::vector<Timed> candidates{slow, nothing};
  const auto timings = time_interleaved(candidates, {5, 5, 0}).value();
  EXPECT_GE(timings[0].us_min, 2000);
  EXPECT_LT(timings[1].us_min, 2000) << "the time of one is not the time of another";
}

}  // namespace
}  // namespace octet::harness
