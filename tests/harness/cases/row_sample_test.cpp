// The rows that a judge looks at: edges always, no gap, and other rows for another seed.
#include "src/harness/cases/row_sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace octet::harness {
namespace {

TEST(SampleRows, AllWhereTheCountAllows) {
  EXPECT_EQ(sample_rows(5, 5, 1), (std::vector<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(sample_rows(5, 3, 1), (std::vector<int64_t>{0, 1, 2, 3, 4})) << "less than half fewer";
  EXPECT_EQ(sample_rows(0, 7, 1), std::vector<int64_t>());
  EXPECT_EQ(sample_rows(1, 100, 1), std::vector<int64_t>{0});
}

TEST(SampleRows, AscendingDistinctAndWithoutAGap) {
  for (const int64_t m : {1000, 4097, 60001}) {
    for (const int64_t count : {1, 7, 100, 450}) {
      const std::vector<int64_t> rows = sample_rows(m, count, 3);
      const int64_t stretch = m / count;
      ASSERT_EQ(rows.front(), 0);
      ASSERT_EQ(rows.back(), m - 1);
      EXPECT_LE(rows.size(), static_cast<size_t>(m / stretch + 1 + 20)) << m << " " << count;
      for (size_t i = 1; i < rows.size(); ++i) {
        ASSERT_GT(rows[i], rows[i - 1]);
        ASSERT_LT(rows[i] - rows[i - 1], 2 * stretch) << "a block of two stretches is never missed";
      }
    }
  }
}

TEST(SampleRows, TheEdgesOfBlocksAreIn) {
  for (const uint64_t seed : {1, 2, 3}) {
    const std::vector<int64_t> list = sample_rows(5000, 50, seed);
    const std::set<int64_t> rows(list.begin(), list.end());
    for (const int64_t row : {0, 15, 16, 17, 63, 64, 65, 127, 128, 129, 4991, 4992, 4993, 4999}) {
      EXPECT_TRUE(rows.contains(row)) << row;
    }
  }
  const std::vector<int64_t> many = sample_rows(1'000'000, 1000, 1);
  const auto at_edge =
      std::count_if(many.begin(), many.end(), [](int64_t row) { return (row + 1) % 16 <= 2; });
  EXPECT_GT(at_edge, 450) << "of 1000, where chance gives 190";
  EXPECT_LT(at_edge, 700) << "and the inside of blocks is looked at, too";
}

TEST(SampleRows, AnotherSeedMeansOtherRows) {
  const std::vector<int64_t> first = sample_rows(100'000, 500, 1);
  EXPECT_EQ(sample_rows(100'000, 500, 1), first);
  std::set<int64_t> seen;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<int64_t> rows = sample_rows(100'000, 500, seed);
    seen.insert(rows.begin(), rows.end());
  }
  EXPECT_GT(seen.size(), 4000u) << "ten seeds look at nearly ten times the rows";
}

}  // namespace
}  // namespace octet::harness
