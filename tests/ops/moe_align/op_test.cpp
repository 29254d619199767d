// moe_align on the CPU against nested loops.
#include "ops/moe_align/small_align.h"

namespace octet {
namespace {

using testing_align::SmallAlign;

class MoeAlignTest : public testing::Test {
 protected:
  void run(SmallAlign& call) {
    const Status status = moe_align(call.args, stream_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  Stream stream_ = Stream::cpu(2).value();
};

TEST_F(MoeAlignTest, ByHand) {
  SmallAlign call(3, 2, 4, 8);
  call.ids = {2, 0, 2, 3, 0, 2};
  run(call);
  EXPECT_EQ(call.counts[kPaddedSlots], 24);
  EXPECT_EQ(call.counts[kTokens], 3);
  EXPECT_EQ(call.counts[kRoutedSlots], 6);
  EXPECT_EQ(call.counts[kInvalidIds], 0);
  const std::vector<int32_t> first{1, 4, 6, 6, 6, 6, 6, 6, 0, 2, 5, 6};
  EXPECT_EQ(std::vector<int32_t>(call.sorted.begin(), call.sorted.begin() + 12), first);
  EXPECT_EQ(call.sorted[16], 3);
  const std::vector<int32_t> tiles{0, 2, 3, -1, SmallAlign::kCanary};
  EXPECT_EQ(call.tiles, tiles) << "expert 1 has no tile; 6 + 4 * 7 slots are 4 tiles at most";
  EXPECT_EQ(call.sorted_weights[9], 1.25f);
  EXPECT_EQ(call.sorted_weights[2], 0.0f);
}

TEST_F(MoeAlignTest, ByHandPacked) {
  SmallAlign call(3, 2, 4, 8, SlotLayout::kPacked);
  call.ids = {2, 0, 2, 3, 0, 2};
  run(call);
  const std::vector<int32_t> first{0x01000000, 0x00000002, 0x02000003};
  EXPECT_EQ(std::vector<int32_t>(call.sorted.begin(), call.sorted.begin() + 3), first);
}

TEST_F(MoeAlignTest, EverySizeLayoutAndRouting) {
  testing_align::expect_every_size([this](SmallAlign& call) { run(call); });
}

TEST_F(MoeAlignTest, TheBoundIsReached) {
  // Every expert one token more than whole tiles.
  SmallAlign call(4 * 9, 1, 4, 8);
  for (size_t i = 0; i < call.ids.size(); ++i) call.ids[i] = static_cast<int32_t>(i) % 4;
  run(call);
  EXPECT_EQ(call.counts[kPaddedSlots], call.args.sorted_ids_size);
  EXPECT_EQ(call.tiles[call.tiles.size() - 2], 3);
}

TEST_F(MoeAlignTest, ExpertsOfOtherDevicesHaveNoSlot) {
  for (const int offset : {0, 1}) {
    SmallAlign call(200, 4, 12, 16);
    call.route(5, 12);
    std::vector<int32_t> mask(12);
    for (size_t e = 0; e < mask.size(); ++e)
      mask[e] = (e + static_cast<size_t>(offset)) % 3 == 0 ? 5 : 0;
    call.set_mask(mask);
    run(call);
    call.expect_right("mask " + std::to_string(offset));
  }
  SmallAlign none(20, 4, 12, 16);
  none.route(5, 12);
  none.set_mask(std::vector<int32_t>(12, 0));
  run(none);
  none.expect_right("no expert here");
  EXPECT_EQ(none.counts[kPaddedSlots], 0);
}

TEST_F(MoeAlignTest, WeightsAreOptional) {
  SmallAlign call(20, 4, 12, 16);
  call.route(2, 12);
  call.args.topk_weights = nullptr;
  call.args.sorted_weights = nullptr;
  run(call);
  call.expect_right("no weights");
}

TEST_F(MoeAlignTest, NoTokensAndNoBuffers) {
  MoeAlignArgs args;
  args.tokens = 0;
  args.experts = 8;
  int32_t counts[kNumMoeCounts] = {9, 9, 9, 9};
  args.counts = counts;
  ASSERT_TRUE(moe_align(args, stream_).ok());
  for (const int32_t count : counts) EXPECT_EQ(count, 0);
}

TEST_F(MoeAlignTest, TheSameForAnyNumberOfThreads) {
  for (const int threads : {1, 3, 5, 16}) {
    stream_ = Stream::cpu(threads).value();
    for (const int64_t tokens : {1, 3, 777, 9000}) {  // the last on many threads
      SmallAlign call(tokens, 3, 17, 8);
      call.route(9, 17);
      run(call);
      call.expect_right(std::to_string(threads) + " threads");
    }
  }
}

}  // namespace
}  // namespace octet
