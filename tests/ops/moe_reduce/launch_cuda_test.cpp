// moe_reduce on a GPU, on the stand-in: the bits of the CPU, one launch, what it is given.
#include <cstring>

#include "device/stand_in.h"
#include "ops/moe_reduce/small_reduce.h"
#include "src/ops/moe_reduce/cuda/params.h"

namespace octet {
namespace {

using stand_in::control;
using testing_reduce::SmallReduce;

/// Host memory is device memory to the stand-in.
class MoeReduceLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0).value());
    SmallReduce call({1, 1, 8});
    if (moe_reduce(call.args, *stream_).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }
  std::unique_ptr<Stream> stream_;
};

TEST_F(MoeReduceLaunchCudaTest, EveryTypeSizeAndAlignment) {
  testing_reduce::expect_every_size([&](SmallReduce& call) {
    const Status status = moe_reduce(call.args, *stream_);
    ASSERT_TRUE(status.ok()) << status.message();
  });
}

TEST_F(MoeReduceLaunchCudaTest, OneLaunchAndNothingElse) {
  for (const bool overlap : {false, true}) {
    SmallReduce call({3, 4, 2050});
    control().reset();
    call.args.overlap_previous = overlap;
    call.args.ids_are_older = true;
    ASSERT_TRUE(moe_reduce(call.args, *stream_).ok());
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 1u);
    ops::moe_reduce::Sm90Params params;
    std::memcpy(&params, launches[0].parameter.data(), sizeof params);
    EXPECT_EQ(params.early_ids, overlap);
    EXPECT_EQ(launches[0].entry, "octet_moe_reduce_bf16_bf16");
    EXPECT_EQ(launches[0].grid[0], 9u) << "three parts of 1,024 columns a token";
    EXPECT_EQ(launches[0].dependent, overlap);
    for (const char* no : {"cuStreamSynchronize", "cuMemAlloc_v2", "cuMemcpyHtoDAsync_v2"}) {
      EXPECT_EQ(control().count(no), 0) << no;
    }
  }
}

TEST_F(MoeReduceLaunchCudaTest, WhatTheKernelsCannotCountIsRefused) {
  SmallReduce call({1, 1, 8});
  call.args.x.rows = call.args.y.rows = 1 << 30;
  call.args.x.cols = call.args.y.cols = 3000;
  call.args.x.row_stride = call.args.y.row_stride = 3000;
  const Status status = moe_reduce(call.args, *stream_);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "moe_reduce: 1073741824 tokens of 3 x 1024 columns, the sm90 kernels take 2147483647 "
            "parts at most");
  EXPECT_TRUE(control().launches().empty());
}

TEST_F(MoeReduceLaunchCudaTest, AFaultNamesEntryAndProblem) {
  SmallReduce call({3, 4, 20, DType::kF32, DType::kF16});
  control().set_fault("sticky:octet_moe_reduce_f32_f16");
  EXPECT_TRUE(moe_reduce(call.args, *stream_).ok()) << "faults show later";
  const Status status = moe_reduce(call.args, *stream_);
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  EXPECT_NE(
      status.message().find("moe_reduce tokens=3 topk=4 cols=20: octet_moe_reduce_f32_f16: launch"),
      std::string::npos)
      << status.message();
}

TEST_F(MoeReduceLaunchCudaTest, NothingToDoNoLaunch) {
  for (const auto& [tokens, cols] : {std::pair<int64_t, int64_t>{0, 8}, {3, 0}}) {
    SmallReduce call({tokens, 2, cols});
    EXPECT_TRUE(moe_reduce(call.args, *stream_).ok());
  }
  EXPECT_TRUE(control().launches().empty());
}

}  // namespace
}  // namespace octet
