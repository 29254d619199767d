// Repetitions: the rule of golden runs on times chosen by hand, and rows made of several.
#include "src/harness/measure/repetitions.h"

#include <gtest/gtest.h>

namespace octet::harness {
namespace {

using Times = std::vector<double>;
using Kept = std::vector<size_t>;

TEST(Settle, ThreeWithinFivePercentAreAveraged) {
  const Settled settled = settle(Times{100, 104, 102});
  EXPECT_DOUBLE_EQ(settled.us, 102);
  EXPECT_TRUE(settled.stable);
  EXPECT_FALSE(settled.more);
  EXPECT_EQ(settled.kept, (Kept{0, 1, 2}));
  EXPECT_DOUBLE_EQ(settle(Times{100, 105, 105}).us, 310.0 / 3) << "5 % itself is within";
}

TEST(Settle, ElseTheClosestPair) {
  const Settled settled = settle(Times{130, 100, 103});
  EXPECT_DOUBLE_EQ(settled.us, 101.5);
  EXPECT_TRUE(settled.stable);
  EXPECT_EQ(settled.kept, (Kept{1, 2}));
  // 100 and 104 lie within 5 % too, but 104 and 107 are closer.
  EXPECT_EQ(settle(Times{100, 104, 107}).kept, (Kept{1, 2}));
}

TEST(Settle, ElseUpToFive) {
  EXPECT_TRUE(settle(Times{100}).more);
  EXPECT_TRUE(settle(Times{100, 100}).more) << "three are always taken";
  EXPECT_TRUE(settle(Times{100, 110, 121}).more);
  EXPECT_EQ(settle(Times{100, 110, 121, 108}).kept, (Kept{1, 3}));
  EXPECT_TRUE(settle(Times{100, 110, 121, 134}).more);
  EXPECT_EQ(settle(Times{100, 110, 121, 134, 99}).kept, (Kept{0, 4}));
}

TEST(Settle, FiveApartAreUnstableAndTheirMedian) {
  const Settled settled = settle(Times{160, 100, 110, 134, 121});
  EXPECT_FALSE(settled.stable);
  EXPECT_FALSE(settled.more);
  EXPECT_DOUBLE_EQ(settled.us, 121);
  EXPECT_EQ(settled.kept.size(), 5u);
}

TEST(Settle, OtherLeastCounts) {
  EXPECT_TRUE(settle(Times{}, 1).more);
  EXPECT_DOUBLE_EQ(settle(Times{7}, 1).us, 7);
  EXPECT_TRUE(settle(Times{7, 7, 7, 7}, 5).more);
}

Measurement timed(double us, double spread) {
  Measurement row;
  row.us = us, row.us_q1 = us - spread, row.us_q3 = us + spread;
  row.us_min = us - 2 * spread, row.us_max = us + 3 * spread;
  row.samples = 10, row.stable = true, row.floor_us = us / 2, row.error = 0.25;
  row.peers = {{"peer", 2 * us}};
  return row;
}

TEST(Combine, AveragesWhatIsKept) {
  const std::vector<Measurement> three{timed(130, 1), timed(100, 1), timed(102, 3)};
  const Measurement row = combine(three);
  EXPECT_DOUBLE_EQ(row.us, 101);
  EXPECT_DOUBLE_EQ(row.us_q1, 99);
  EXPECT_DOUBLE_EQ(row.us_q3, 103);
  EXPECT_DOUBLE_EQ(row.us_min, 96);
  EXPECT_DOUBLE_EQ(row.us_max, 111);
  EXPECT_DOUBLE_EQ(row.floor_us, 50.5);
  EXPECT_DOUBLE_EQ(row.peers.at("peer"), 202);
  EXPECT_EQ(row.samples, 20);
  EXPECT_TRUE(row.stable);
  EXPECT_EQ(row.repetitions, (Times{130, 100, 102}));
}

TEST(Combine, WhatDoesNotSettleIsMarkedAndStaysInOrder) {
  std::vector<Measurement> five;
  for (const double us : {100.0, 110.0, 121.0, 1000.0, 134.0}) five.push_back(timed(us, 1));
  const Measurement row = combine(five);
  EXPECT_FALSE(row.stable);
  EXPECT_DOUBLE_EQ(row.us, 121);
  // A reader refuses quartiles out of order: a mean of the first ones would be above this median.
  EXPECT_TRUE(measurement_from_json(to_json(row), "row").status().message().find("order") ==
              std::string::npos);
  EXPECT_LE(row.us_q1, row.us);
  EXPECT_LE(row.us, row.us_q3);
}

}  // namespace
}  // namespace octet::harness
