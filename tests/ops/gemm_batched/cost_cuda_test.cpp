// The work of a kernel of the GPU, counted by hand.
#include <gtest/gtest.h>

#include "src/ops/gemm_batched/cuda/cost.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr select::Tile kTile{64, 128, 128};
constexpr int kUnits = 10;

TEST(BatchedCostCuda, CountsTilesOfAllMatricesAndBytesOfWeights) {
  // Two matrices of five tiles of columns and two of rows: 20 tiles, two waves.
  const select::CostTerms terms =
      cuda::cost_terms({100, 640, 1024, 2, Format::kA8w8}, kTile, kUnits);
  EXPECT_DOUBLE_EQ(terms[1], 2.0 * 640 * 1024 * 1e-6 / kUnits);
  EXPECT_DOUBLE_EQ(terms[2], 2 * 2.0 * 64 * 128 * 1024 * 1e-9);
  EXPECT_DOUBLE_EQ(terms[3], terms[1]) << "the second row of tiles reads the weights again";
  EXPECT_DOUBLE_EQ(terms[4], 2.0 * 100 * 640 * 2 * 1e-6 / kUnits);
}

TEST(BatchedCostCuda, ElementsCountByTheirBytes) {
  const auto terms = [](Format format) {
    return cuda::cost_terms({16, 640, 1024, 2, format}, kTile, kUnits);
  };
  const select::CostTerms bytes = terms(Format::kA8w8);
  for (const int term : {1, 2}) {
    EXPECT_DOUBLE_EQ(terms(Format::kBf16)[static_cast<size_t>(term)],
                     2 * bytes[static_cast<size_t>(term)]);
    EXPECT_DOUBLE_EQ(terms(Format::kAfp4wfp4)[static_cast<size_t>(term)],
                     bytes[static_cast<size_t>(term)] / 2);
  }
}

}  // namespace
}  // namespace octet::ops::gemm_batched
