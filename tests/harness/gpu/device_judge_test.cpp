// The judge on a GPU, on the stand-in, against the judge of the host: host memory is device memory
// there.
#include "src/harness/gpu/device_judge.h"

#include "device/stand_in.h"
#include "harness/cases/naive_gemm.h"

namespace octet::harness {
namespace {

using ops::gemm_blockscale::Problem;
using testing_judge::Naive;

class DeviceJudgeTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    built_ = judge_on_device(GemmBlockscaleArgs{}, {}, BlockSums::kFloat32, stream_).ok();
    if (!built_) GTEST_SKIP() << "this build has no sm90 kernels";
  }
  /// Both judges' reports of what `naive` makes of the same operands.
  std::pair<CheckReport, CheckReport> reports(const Naive& naive, DType d, BlockSums sums) {
    Problem problem{6, 300, 384};
    problem.d = d;
    GemmBlockscaleOperands operands = make_check_operands(problem, {Inputs::kRandom, 3}).value();
    poison(operands);
    testing_judge::run(naive, operands);
    const auto elements = sample_elements(gemm_size(problem), operands.seed);
    return {judge(operands, Inputs::kRandom, host_, sums),
            judge_on_device(operands.args, elements, sums, stream_).value()};
  }

  Stream stream_ = Stream::gpu(0).value();
  Stream host_ = Stream::cpu(2).value();
  bool built_ = false;
};

TEST_F(DeviceJudgeTest, AgreesWithTheHost) {
  Naive wrong;
  wrong.b_scale_row = [](int64_t n) { return (n + 1) / 128; };
  for (const DType d : {DType::kBf16, DType::kF16, DType::kF32}) {
    for (const BlockSums sums : {BlockSums::kFloat32, BlockSums::kTensorCore}) {
      const auto [host, device] = reports({}, d, sums);
      EXPECT_EQ(device.failure, "");
      EXPECT_EQ(device.elements, 6 * 300);
      EXPECT_NEAR(device.error, host.error, 1e-9);
      const auto [host_wrong, device_wrong] = reports(wrong, d, sums);
      EXPECT_TRUE(device_wrong.failure.starts_with("d[0, 127] = ")) << device_wrong.failure;
      EXPECT_GT(device_wrong.error, 1);
      EXPECT_NEAR(device_wrong.error / host_wrong.error, 1, 1e-9);
    }
  }
}

TEST_F(DeviceJudgeTest, AgreesWithTheHostOnE8m0Scales) {
  Naive wrong = testing_judge::naive_mx();
  wrong.b_scale_row = [](int64_t n) { return n == 64 ? 63 : n; };
  const ops::gemm_mxfp8::Problem problem{6, 70, 416};
  for (const Naive& naive : {testing_judge::naive_mx(), wrong}) {
    GemmMxfp8Operands operands = make_check_operands(problem, {Inputs::kRandom, 3}).value();
    poison(operands);
    testing_judge::run(naive, operands);
    const auto elements = sample_elements(gemm_size(problem), operands.seed);
    const CheckReport host = judge(operands, Inputs::kRandom, host_);
    const CheckReport device =
        judge_on_device(operands.args, elements, BlockSums::kFloat32, stream_).value();
    EXPECT_EQ(device.elements, 6 * 70);
    EXPECT_NEAR(device.error / host.error, 1, 1e-9);
    EXPECT_EQ(device.ok(), host.ok());
    EXPECT_TRUE(device.ok() || device.failure.starts_with("d[0, 64] = ")) << device.failure;
  }
}

TEST_F(DeviceJudgeTest, NothingToLookAtIsRight) {
  EXPECT_TRUE(judge_on_device(GemmBlockscaleArgs{}, {}, BlockSums::kFloat32, stream_)->ok());
}

}  // namespace
}  // namespace octet::harness
