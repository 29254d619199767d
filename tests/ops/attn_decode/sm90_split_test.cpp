// How many thread blocks sm90_split gets, and what it refuses.
#include "src/ops/attn_decode/cuda/sm90_split.h"

#include <gtest/gtest.h>

namespace octet::ops::attn_decode {
namespace {

uint32_t blocks_of(int64_t batch, int64_t kv_heads, int64_t context, int64_t group = 8,
                   int config = 0) {
  const Problem problem{batch, kv_heads * group, kv_heads, 128, context};
  return Sm90Split::plan(config, problem, device_profile("h200").value()).shape.grid_x;
}

TEST(Sm90Split, ThreadBlocksAreAlignedToItems) {
  EXPECT_EQ(blocks_of(1, 8, 8192), 128u);      // 16 each
  EXPECT_EQ(blocks_of(16, 1, 4096), 128u);     // 8 each
  EXPECT_EQ(blocks_of(256, 2, 256), 128u);     // 4 items each
  EXPECT_EQ(blocks_of(32, 8, 8192), 128u);     // 2 items each
  EXPECT_EQ(blocks_of(1, 1, 131072), 132u);    // the item is all blocks'
  EXPECT_EQ(blocks_of(1, 4, 16384), 128u);     // 32 each: 33 were slower
  EXPECT_EQ(blocks_of(100, 1, 131072), 132u);  // 100 would leave 32 idle
}

/// Else units, but no item is cut that is worth less than a thread block.
TEST(Sm90Split, AThreadBlockIsWorthFourUnitsOrAnItem) {
  EXPECT_EQ(blocks_of(1, 1, 1024), 8u);
  EXPECT_EQ(blocks_of(3, 3, 77), 9u);      // 27 units
  EXPECT_EQ(blocks_of(300, 1, 64), 132u);  // 600 units
  EXPECT_EQ(blocks_of(1, 1, 1), 1u);
  EXPECT_EQ(blocks_of(1, 1, 0), 1u);
}

/// Rows of q beyond 16 are items of their own, so that they too find thread blocks.
TEST(Sm90Split, RowsBeyondSixteenAreItems) {
  EXPECT_EQ(blocks_of(1, 1, 1024, 16), 8u);
  EXPECT_EQ(blocks_of(1, 1, 1024, 17), 16u);
  const Problem wide{1, 17, 1, 256, 1024};
  EXPECT_EQ(Sm90Split::plan(0, wide, device_profile("h200").value()).row_blocks, 3);
}

/// Of four warps two share a multiprocessor, and each is worth half as much.
TEST(Sm90Split, ThreadBlocksOfFourWarpsAreTwiceAsMany) {
  EXPECT_EQ(blocks_of(256, 2, 256, 8, 1), 256u);  // 2 items each
  EXPECT_EQ(blocks_of(1, 8, 8192, 8, 1), 256u);   // 32 each
  EXPECT_EQ(blocks_of(1, 1, 1024, 8, 1), 16u);
  const cuda::LaunchPlan plan =
      Sm90Split::plan(1, {1, 8, 1, 128, 1024}, device_profile("h200").value());
  EXPECT_EQ(plan.shape.block_x, 128u);
  EXPECT_LE(plan.shape.shared_bytes, 227u * 1024 / 2 - 8192);  // and what it has beside it
}

/// Places in the line are counted in 32 bits.
TEST(Sm90Split, RefusesMoreUnitsThanItCounts) {
  const Device device = device_profile("h200").value();
  const Problem most{1 << 15, 8, 1, 128, 1 << 17}, more{(1 << 15) + 1, 8, 1, 128, 1 << 17};
  EXPECT_TRUE(Sm90Split::supports({4, 8}, most, device).ok);
  const select::Support no = Sm90Split::supports({4, 8}, more, device);
  EXPECT_FALSE(no.ok);
  EXPECT_EQ(no.reason, "134221824 runs of 32 tokens of all heads, at most 2^27");
}

TEST(Sm90Split, RefusesOtherHeadDims) {
  const Device device = device_profile("h200").value();
  const select::Support no = Sm90Split::supports({4, 8}, {1, 8, 1, 80, 100}, device);
  EXPECT_FALSE(no.ok);
  EXPECT_EQ(no.reason, "d = 80, takes 64, 128 and 256");
  EXPECT_TRUE(Sm90Split::supports({4, 8}, {1, 8, 1, 256, 100}, device).ok);
}

}  // namespace
}  // namespace octet::ops::attn_decode
