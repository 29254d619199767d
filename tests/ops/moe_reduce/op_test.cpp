// moe_reduce through the public API, on the CPU.
#include "ops/moe_reduce/small_reduce.h"

namespace octet {
namespace {

using testing_reduce::SmallReduce;

TEST(MoeReduce, TheSameForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 3, 16}) {
    Stream stream = Stream::cpu(threads).value();
    testing_reduce::expect_every_size([&](SmallReduce& call) {
      const Status status = moe_reduce(call.args, stream);
      ASSERT_TRUE(status.ok()) << status.message();
    });
  }
}

TEST(MoeReduce, SumsAreInTheOrderOfTheChoices) {
  SmallReduce call({1, 4, 1, DType::kF32, DType::kF32});
  call.args.topk_ids = nullptr;
  call.args.expert_mask = nullptr;
  const float rows[] = {0x1p24f, 1, 1, -0x1p24f};  // each 1 is lost behind 2^24
  std::memcpy(call.x.data(), rows, sizeof rows);
  Stream stream = Stream::cpu(1).value();
  ASSERT_TRUE(moe_reduce(call.args, stream).ok());
  EXPECT_EQ(testing_reduce::get(call.y.data(), DType::kF32), 0.0f);
}

TEST(MoeReduce, ATokenWithoutARowGetsZeros) {
  SmallReduce call({2, 3, 10});
  std::fill(call.ids.begin(), call.ids.begin() + 3, 5);
  Stream stream = Stream::cpu(1).value();
  ASSERT_TRUE(moe_reduce(call.args, stream).ok());
  EXPECT_EQ(std::vector<uint8_t>(call.y.begin(), call.y.begin() + 20), std::vector<uint8_t>(20));
}

TEST(MoeReduce, NothingToDoIsFineAndNeedsNoMemory) {
  Stream stream = Stream::cpu(1).value();
  for (const auto& [tokens, cols] : {std::pair<int64_t, int64_t>{0, 8}, {3, 0}}) {
    SmallReduce call({tokens, 2, cols});
    call.args.x.data = nullptr;
    call.args.y.data = nullptr;
    call.args.topk_ids = nullptr;
    const Status status = moe_reduce(call.args, stream);
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

}  // namespace
}  // namespace octet
