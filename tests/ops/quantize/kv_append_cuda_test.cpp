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
using testing_append::Form;
using testing_append::SmallAppend;
using testing_append::TestCache;

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
  const auto expect = [&](SmallAppend& call, size_t token, const std::vector<int32_t>& words) {
    call.slots[token] = -1;
    const TestCache k = call.expected(0), v = call.expected(1);
    std::vector<int32_t> fault(4);
    for (int32_t* told : {static_cast<int32_t*>(nullptr), fault.data()}) {
      call.args.fault = told;
      ASSERT_TRUE(kv_append(call.args, *gpu_).ok());
      EXPECT_TRUE(call.k == k && call.v == v) << words[0];
    }
    EXPECT_EQ(fault, words);
  };
  SmallAppend length({By::kLengths, {1, 1}, {5, 2}, 2, 64, 16});
  length.seqlens[1] = 33;
  expect(length, 1, {1, 1, 0, 33});
  SmallAppend page({By::kRagged, {1, 1}, {20, 20}, 2, 64, 16});
  page.table[4] = 1 << 20;
  expect(page, 1, {2, 1, 1, 1 << 20});
  SmallAppend slot({By::kSlots, {4}, {}, 2, 64, 16});
  std::vector<int64_t> given = slot.slots;
  given[2] = -2;
  slot.args.slots = given.data();
  expect(slot, 2, {3, 2, -1, -2});
}

TEST_F(KvAppendCudaTest, AGivenScaleThatIsOutOfRangeMakesNans) {
  for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
    SmallAppend call({By::kLengths,
                      {1},
                      {},
                      2,
                      64,
                      0,
                      KvLayout::kNhd,
                      0,
                      DType::kF16,
                      kv,
                      Form::kHead,
                      Form::kHead});
    call.k.scale[1] = 0;
    ASSERT_TRUE(kv_append(call.args, *gpu_).ok());
    const uint8_t nan = kv == DType::kE4m3fn ? 0x7f : 0x7e;
    EXPECT_EQ(std::count(call.k.codes.begin() + 64, call.k.codes.begin() + 128, nan), 64);
    EXPECT_LT(std::count(call.k.codes.begin(), call.k.codes.begin() + 64, nan), 64);
  }
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
