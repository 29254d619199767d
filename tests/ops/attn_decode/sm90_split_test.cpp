// How many thread blocks sm90_split gets, and what it refuses.
#include "src/ops/attn_decode/cuda/sm90_split.h"

#include <gtest/gtest.h>

namespace octet::ops::attn_decode {
namespace {

uint32_t blocks_of(int64_t batch, int64_t kv_heads, int64_t context, int64_t group = 8) {
  const Problem problem{batch, kv_heads * group, kv_heads, 128, context};
  return Sm90Split::plan(0, problem, device_profile("h200").value()).shape.grid_x;
}

TEST(Sm90Split, ThreadBlocksAreAlignedToItems) {
  EXPECT_EQ(blocks_of(1, 8, 8192), 128u);      // 16 each
  EXPECT_EQ(blocks_of(16, 1, 4096), 128u);     // 8 each
  EXPECT_EQ(blocks_of(256, 2, 256), 128u);     // 4 items each
  EXPECT_EQ(blocks_of(32, 8, 8192), 128u);     // 2 items each
  EXPECT_EQ(blocks_of(1, 1, 131072), 132u);    // the item is all blocks'
  EXPECT_EQ(blocks_of(1, 4, 16384), 128u);     // 32 each: 33 would be added up in two steps
  EXPECT_EQ(blocks_of(100, 1, 131072), 132u);  // 100 would leave 32 idle
}

TEST(Sm90Split, AThreadBlockIsWorthFourUnits) {
  EXPECT_EQ(blocks_of(1, 1, 1024), 8u);
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

TEST(Sm90Split, RefusesOtherHeadDims) {
  const Device device = device_profile("h200").value();
  const select::Support no = Sm90Split::supports({4}, {1, 8, 1, 80, 100}, device);
  EXPECT_FALSE(no.ok);
  EXPECT_EQ(no.reason, "d = 80, takes 64, 128 and 256");
  EXPECT_TRUE(Sm90Split::supports({4}, {1, 8, 1, 256, 100}, device).ok);
}

}  // namespace
}  // namespace octet::ops::attn_decode
