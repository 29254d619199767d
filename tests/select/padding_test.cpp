#include "src/select/padding.h"

#include <gtest/gtest.h>

#include <set>

#include "src/core/csv.h"
#include "src/core/text.h"

namespace octet::select {
namespace {

TEST(Padding, FineByHand) {
  EXPECT_EQ(padded_m_fine(0), 0);
  EXPECT_EQ(padded_m_fine(1), 16);
  EXPECT_EQ(padded_m_fine(16), 16);
  EXPECT_EQ(padded_m_fine(17), 32);
  EXPECT_EQ(padded_m_fine(100), 112);
  EXPECT_EQ(padded_m_fine(256), 256);
  EXPECT_EQ(padded_m_fine(257), 288);
  EXPECT_EQ(padded_m_fine(1024), 1024);
  EXPECT_EQ(padded_m_fine(1025), 1088);
  EXPECT_EQ(padded_m_fine(4096), 4096);
  EXPECT_EQ(padded_m_fine(4097), 4224);
  EXPECT_EQ(padded_m_fine(79999), 80000);
  EXPECT_EQ(padded_m_fine((int64_t{1} << 31) - 1), int64_t{1} << 31) << "no overflow";
}

TEST(Padding, CoarseByHand) {
  EXPECT_EQ(padded_m_coarse(0, 5120), 0);
  EXPECT_EQ(padded_m_coarse(1, 5120), 1);
  EXPECT_EQ(padded_m_coarse(3, 5120), 4);
  EXPECT_EQ(padded_m_coarse(64, 5120), 64);
  EXPECT_EQ(padded_m_coarse(65, 5120), 128);
  EXPECT_EQ(padded_m_coarse(8192, 5120), 8192);
  EXPECT_EQ(padded_m_coarse(8193, 5120), 8192) << "m > 8192 and n > 4096";
  EXPECT_EQ(padded_m_coarse(80000, 4097), 8192);
  EXPECT_EQ(padded_m_coarse(8193, 4096), 16384);
  EXPECT_EQ(padded_m_coarse(80000, 4096), 131072);
}

std::set<int64_t> grid() {
  const Csv csv = read_csv(OCTET_SOURCE_DIR "/data/shapes/m_grid.csv").value();
  std::set<int64_t> points;
  for (const CsvRow& row : csv.rows) points.insert(parse_int(row.fields[0]).value());
  return points;
}

TEST(Padding, FineIsTheListedGrid) {
  const std::set<int64_t> points = grid();
  EXPECT_EQ(points.size(), 681u);
  EXPECT_EQ(*points.rbegin(), 80000);
  for (int64_t m = 1; m <= 80000; ++m) {
    ASSERT_EQ(padded_m_fine(m), *points.lower_bound(m)) << "always up, m = " << m;
  }
}

TEST(Padding, CoarseIsTheNextPowerOfTwo) {
  int64_t power = 1;
  for (int64_t m = 1; m <= 80000; ++m) {
    while (power < m) power *= 2;
    ASSERT_EQ(padded_m_coarse(m, 4096), power) << m;
    ASSERT_EQ(padded_m_coarse(m, 4097), m > 8192 ? 8192 : power) << m;
  }
}

}  // namespace
}  // namespace octet::select
