#include "src/harness/measure/statistics.h"

#include <gtest/gtest.h>

#include <array>

namespace octet::harness {
namespace {

TEST(Statistics, OfAnOrderAndOfNone) {
  constexpr std::array odd{5.0, 1.0, 9.0};
  constexpr std::array even{9.0, 1.0, 4.0, 2.0}, sorted{1.0, 2.0, 4.0, 9.0};
  EXPECT_EQ(mean(odd), 5);
  EXPECT_EQ(median(odd), 5) << "in any order";
  EXPECT_EQ(median(even), 3) << "the mean of the two in the middle";
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(quantile(sorted, 0), 1);
  EXPECT_EQ(quantile(sorted, 1), 9);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.25), 1.75) << "three quarters of the way from 1 to 2";
}

}  // namespace
}  // namespace octet::harness
