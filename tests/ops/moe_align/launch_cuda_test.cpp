// moe_align on a GPU, on the stand-in: the slots of the CPU, one launch of one cluster, no waiting.
#include "device/stand_in.h"
#include "ops/moe_align/small_align.h"
#include "src/ops/moe_align/cuda/params.h"

namespace octet {
namespace {

using stand_in::control;
using testing_align::SmallAlign;

class MoeAlignLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0).value());
    SmallAlign call(1, 1, 1, 8);
    if (moe_align(call.args, *stream_).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }
  void run(SmallAlign& call) {
    const Status status = moe_align(call.args, *stream_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::unique_ptr<Stream> stream_;
};

TEST_F(MoeAlignLaunchCudaTest, EverySizeLayoutAndRouting) {
  testing_align::expect_every_size([this](SmallAlign& call) { run(call); });
}

TEST_F(MoeAlignLaunchCudaTest, IdsOutOfRangeAreDroppedAndCounted) {
  SmallAlign call(100, 4, 16, 8);
  call.route(3, 16);
  call.ids[0] = call.ids[399] = -1;
  call.ids[17] = 16;
  call.ids[18] = INT32_MIN;
  run(call);
  call.expect_right("ids out of range");
  EXPECT_EQ(call.counts[kInvalidIds], 4);
}

TEST_F(MoeAlignLaunchCudaTest, ExpertsOfOtherDevicesHaveNoSlot) {
  SmallAlign call(3000, 4, 9, 16);
  call.route(5, 9);
  call.ids[7] = 9;
  call.set_mask({0, 1, 1, 0, 0, 1, 0, 0, 1});
  run(call);
  call.expect_right("mask");
}

TEST_F(MoeAlignLaunchCudaTest, FewChoicesTakeASmallThreadBlock) {
  for (const auto& [tokens, few] : {std::pair{1, true}, {4, true}, {5, false}}) {
    SmallAlign call(tokens, 8, 256, 64);
    call.route(3, 256);
    control().reset();
    run(call);
    call.expect_right("few");
    const stand_in::Launch launch = control().launches().back();
    EXPECT_EQ(launch.entry, few ? "octet_moe_align_few" : "octet_moe_align_cluster") << tokens;
    EXPECT_EQ(launch.block[0], few ? 256u : 1024u) << tokens;
  }
}

TEST_F(MoeAlignLaunchCudaTest, OneLaunchOfOneCluster) {
  for (const auto& [tokens, cluster] :
       {std::pair{5, 1u}, {512, 1u}, {513, 2u}, {8000, 4u}, {9000, 8u}}) {
    SmallAlign call(tokens, 8, 256, 64);
    control().reset();
    run(call);
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 1u);
    EXPECT_EQ(launches[0].cluster, cluster) << tokens;
    EXPECT_EQ(launches[0].grid[0], cluster) << "all blocks run together";
    EXPECT_EQ(launches[0].block[0], 1024u);
    for (const char* no : {"cuStreamSynchronize", "cuMemAlloc_v2", "cuMemsetD8Async"}) {
      EXPECT_EQ(control().count(no), 0) << no;
    }
  }
}

TEST_F(MoeAlignLaunchCudaTest, MayBeginWhileTheLaunchBeforeEnds) {
  for (const bool overlap : {false, true}) {
    SmallAlign call(8000, 8, 256, 64);
    call.route(3, 256);
    call.args.overlap_previous = overlap;
    run(call);
    EXPECT_EQ(control().launches().back().dependent, overlap);
    call.expect_right("overlap");
  }
}

TEST_F(MoeAlignLaunchCudaTest, AFaultNamesEntryAndProblem) {
  SmallAlign call(17, 2, 4, 8);
  control().set_fault("sticky:octet_moe_align_cluster");
  run(call);
  const Status status = moe_align(call.args, *stream_);
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  EXPECT_NE(
      status.message().find("moe_align tokens=17 topk=2 experts=4: octet_moe_align_cluster: "),
      std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace octet
