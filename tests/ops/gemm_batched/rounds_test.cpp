// The cut of a batch: every element of d is in one unit of one round, whatever the sizes.
#include "src/ops/gemm_batched/cpu/rounds.h"

#include <gtest/gtest.h>

#include <vector>

namespace octet::ops::gemm_batched {
namespace {

/// How often each 16 columns of each row are covered, from rounds and units.
std::vector<int> covered(const Problem& p) {
  const Rounds rounds = Rounds::of(p);
  const int64_t columns = (p.n + kUnitCols - 1) / kUnitCols;
  std::vector<int> times(static_cast<size_t>(p.batch * p.m * columns));
  for (int64_t index = 0; index < rounds.count(); ++index) {
    const Round round = Round::at(rounds, index);
    EXPECT_LE(round.matrices * round.rows * rounds.k_padded, rounds.floats());
    for (int64_t i = 0; i < round.units(p.n); ++i) {
      const Unit unit = round.unit(rounds, i, nullptr);
      EXPECT_LE(unit.rows, kUnitRows);
      for (int64_t row = unit.row; row < unit.row + unit.rows; ++row) {
        const int64_t at = (unit.batch * p.m + row) * columns + unit.col / kUnitCols;
        ++times[static_cast<size_t>(at)];
      }
    }
  }
  return times;
}

TEST(BatchedRounds, CoverEveryElementOnce) {
  const std::vector<Problem> problems{
      {1, 1, 1, 1},        {5, 40, 64, 7},        {300, 33, 8192, 9},  {1000, 17, 65536, 3},
      {3, 20, 1 << 24, 2}, {600, 16, 1 << 16, 2}, {256, 48, 8192, 16}, {0, 16, 32, 4},
      {16, 0, 32, 4},      {16, 16, 32, 0}};
  for (const Problem& p : problems) {
    for (const int times : covered(p)) ASSERT_EQ(times, 1) << p.m << " " << p.n << " " << p.k;
  }
}

TEST(BatchedRounds, RowsOfAUnitLieWhereTheyWereWidened) {
  const Problem p{300, 33, 8192, 9};
  const Rounds rounds = Rounds::of(p);
  const Round round = Round::at(rounds, rounds.count() - 1);
  std::vector<float> base(1);
  for (int64_t i = 0; i < round.units(p.n); ++i) {
    const Unit unit = round.unit(rounds, i, base.data());
    const int64_t row = (unit.batch - round.batch) * round.rows + unit.row - round.row;
    EXPECT_EQ(unit.a, base.data() + row * rounds.k_padded);
  }
}

/// 128 small matrices are one round with a unit for every thread; so is one large matrix.
TEST(BatchedRounds, ManySmallAndOneLargeFillAMachine) {
  const Rounds small = Rounds::of({16, 128, 512, 128}), large = Rounds::of({16, 8192, 8192, 1});
  EXPECT_EQ(small.count(), 1);
  EXPECT_EQ(Round::at(small, 0).units(128), 1024);
  EXPECT_EQ(large.count(), 1);
  EXPECT_EQ(Round::at(large, 0).units(8192), 512);
}

TEST(BatchedRounds, WidenedRowsStayWithin64MebibytesOrAUnitsRows) {
  for (const Problem& p : {Problem{1024, 8192, 8192, 128}, Problem{4096, 16, 32, 4096}}) {
    EXPECT_LE(Rounds::of(p).floats() * 4, int64_t{64} << 20);
  }
  EXPECT_EQ(Rounds::of({1000, 16, 1 << 20, 2}).rows, kUnitRows);
}

}  // namespace
}  // namespace octet::ops::gemm_batched
