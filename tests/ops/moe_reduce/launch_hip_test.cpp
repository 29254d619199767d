// moe_reduce on AMD GPUs, its code objects interpreted: sums in the order of the choices, one
// launch.
#include "ops/moe_reduce/hip_reduce.h"

namespace octet {
namespace {

using testing_reduce::SmallReduce;

class MoeReduceLaunchHipTest : public testing_hip::HipTest {
 protected:
  void SetUp() override {
    HipTest::SetUp();
    SmallReduce call({1, 1, 8});
    if (run(call).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
    control().reset();
  }
  Status run(SmallReduce& call) {
    return testing_reduce::with_operands_on(*stream_, call, [&](const MoeReduceArgs& args) {
      control().reset();
      const Status status = moe_reduce(args, *stream_);
      expect_launches_alone();
      launches_ = control().launches();
      return status;
    });
  }

  std::vector<stand_in::Launch> launches_;
};

TEST_P(MoeReduceLaunchHipTest, EveryTypeSizeAndAlignment) {
  testing_reduce::expect_every_size([&](SmallReduce& call) {
    const Status status = run(call);
    ASSERT_TRUE(status.ok()) << status.message();
  });
}

TEST_P(MoeReduceLaunchHipTest, OneLaunchAndNothingElse) {
  SmallReduce call({3, 4, 4100});
  ASSERT_TRUE(run(call).ok());
  EXPECT_EQ(call.y, call.expected());
  ASSERT_EQ(launches_.size(), 1u);
  EXPECT_EQ(launches_[0].entry, "octet_gfx942_rows_bf16_bf16");
  EXPECT_EQ(launches_[0].grid[0], 9u) << "three parts of 2,048 columns a token";
}

TEST_P(MoeReduceLaunchHipTest, WhatTheKernelsCannotCountIsRefused) {
  SmallReduce call({1, 1, 8});
  call.args.x.rows = call.args.y.rows = 1 << 30;
  call.args.x.cols = call.args.y.cols = 5000;
  call.args.x.row_stride = call.args.y.row_stride = 5000;
  const Status status = moe_reduce(call.args, *stream_);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "moe_reduce: 1073741824 tokens of 3 x 2048 columns, the AMD kernels take 16777215 "
            "parts at most");
  EXPECT_TRUE(control().launches().empty());
}

TEST_P(MoeReduceLaunchHipTest, NothingToDoNoLaunch) {
  for (const auto& [tokens, cols] : {std::pair<int64_t, int64_t>{0, 8}, {3, 0}}) {
    SmallReduce call({tokens, 2, cols});
    EXPECT_TRUE(moe_reduce(call.args, *stream_).ok());
  }
  EXPECT_TRUE(control().launches().empty());
}

OCTET_ON_AMD_DEVICES(MoeReduceLaunchHipTest);

}  // namespace
}  // namespace octet
