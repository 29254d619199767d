// What the cost model is told of a GPU: whole tiles, waves of them, and clusters that do not fit.
#include "src/select/gemm_cost.h"

#include <gtest/gtest.h>

#include "src/core/try.h"

namespace octet::select {
namespace {

/// F of the busiest multiprocessor.
double gflop(int64_t n, int split) {
  const Device h200 = device_profile("h200").value();
  return gemm_cost_terms({16, n, 6144}, {16, 64, 128, split}, h200)[2];
}

TEST(GemmCost, AClusterThatDoesNotFitMakesAnotherWave) {
  // 39 clusters of three fit 132 multiprocessors, not 44.
  EXPECT_DOUBLE_EQ(gflop(40 * 64, 3), 2 * gflop(39 * 64, 3));
  EXPECT_DOUBLE_EQ(gflop(39 * 64, 3), gflop(64, 3));
  EXPECT_DOUBLE_EQ(gflop(67 * 64, 2), 2 * gflop(66 * 64, 2));
  EXPECT_DOUBLE_EQ(gflop(133 * 64, 1), 2 * gflop(132 * 64, 1));
}

TEST(GemmCost, TilesAreWhole) {
  EXPECT_DOUBLE_EQ(gflop(1, 1), gflop(64, 1));
  EXPECT_DOUBLE_EQ(gflop(1, 1), 2.0 * 16 * 64 * 6144 * 1e-9);
  EXPECT_DOUBLE_EQ(gflop(1, 2), 2.0 * 16 * 64 * 3072 * 1e-9);
}

}  // namespace
}  // namespace octet::select
