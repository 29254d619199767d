// kv_append on a GPU, on the stand-in: the bits of the CPU, one launch, what it is given, and the
// words of tokens without a place.
#include "device/stand_in.h"
#include "ops/quantize/append_forms.h"
#include "src/ops/quantize/cuda/append_params.h"

namespace octet {
namespace {

using ops::quantize::Sm90AppendParams;
using stand_in::control;
using testing_append::By;
using testing_append::SmallAppend;

/// Host memory is device memory to the stand-in.
class KvAppendCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    gpu_ = std::make_unique<Stream>(Stream::gpu(0).value());
    SmallAppend call({By::kSlots, {1}});
    if (kv_append(call.args, *gpu_).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }
  std::unique_ptr<Stream> gpu_;
};

TEST_F(KvAppendCudaTest, EveryForm) {
  testing_append::expect_every_form([&](SmallAppend& call) {
    std::vector<int32_t> fault(4);
    call.args.fault = fault.data();
    const Status status = kv_append(call.args, *gpu_);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(fault, std::vector<int32_t>(4));
  });
}

TEST_F(KvAppendCudaTest, OneLaunchAndNothingElse) {
  for (const bool overlap : {false, true}) {
    SmallAppend call({By::kLengths, {3, 3}, {9, 70}, 8, 128, 64});
    control().reset();
    call.args.overlap_previous = overlap;
    ASSERT_TRUE(kv_append(call.args, *gpu_).ok());
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 1u);
    EXPECT_EQ(launches[0].entry, "octet_kv_append_bf16_e4m3fn");
    EXPECT_EQ(launches[0].grid[0], 3u) << "48 heads of tokens, 16 a thread block";
    EXPECT_EQ(launches[0].dependent, overlap);
    for (const char* no : {"cuStreamSynchronize", "cuMemAlloc_v2", "cuMemcpyHtoDAsync_v2"}) {
      EXPECT_EQ(control().count(no), 0) << no;
    }
  }
}

TEST_F(KvAppendCudaTest, ATokenWithoutAPlaceIsSkippedAndTold) {
  testing_append::for_each_lost_token(
      [&](SmallAppend& call, size_t token, const std::vector<int32_t>& words) {
        const auto [k, v] = testing_append::expected_without(call, token);
        std::vector<int32_t> fault(4);
        for (int32_t* told : {static_cast<int32_t*>(nullptr), fault.data()}) {
          call.args.fault = told;
          ASSERT_TRUE(kv_append(call.args, *gpu_).ok());
          EXPECT_TRUE(call.k == k && call.v == v) << words[0];
        }
        EXPECT_EQ(fault, words);
      });
}

TEST_F(KvAppendCudaTest, AGivenScaleThatIsOutOfRangeMakesNans) {
  testing_append::expect_nans_of_a_scale_of_0(
      [&](SmallAppend& call) { ASSERT_TRUE(kv_append(call.args, *gpu_).ok()); });
}

TEST_F(KvAppendCudaTest, AFaultNamesEntryAndProblem) {
  SmallAppend call({By::kSlots, {3}, {}, 2, 64, 0, KvLayout::kNhd, 0, DType::kF32, DType::kE5m2});
  control().set_fault("sticky:octet_kv_append_f32_e5m2");
  EXPECT_TRUE(kv_append(call.args, *gpu_).ok()) << "faults show later";
  const Status status = kv_append(call.args, *gpu_);
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  EXPECT_NE(
      status.message().find("kv_append tokens=3 heads=2 dim=64: octet_kv_append_f32_e5m2: launch"),
      std::string::npos)
      << status.message();
}

TEST_F(KvAppendCudaTest, NoTokensNoLaunch) {
  SmallAppend call({By::kLengths, {0, 0}, {}, 2, 64});
  EXPECT_TRUE(kv_append(call.args, *gpu_).ok());
  EXPECT_TRUE(control().launches().empty());
}

}  // namespace
}  // namespace octet
