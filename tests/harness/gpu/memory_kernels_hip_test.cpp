// The harness's own kernels on AMD GPUs, interpreted by the stand-in for libamdhip64.
#include "build_paths.h"
#include "device/stand_in.h"
#include "harness/cases/naive_gemm.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/device_judge.h"
#include "src/harness/gpu/graph_timer.h"
#include "src/harness/random.h"

namespace octet::harness {
namespace {

using ops::gemm_blockscale::Problem;
using testing_judge::Naive;

class MemoryKernelsHipTest : public testing::TestWithParam<int> {  // the GPU's index
 protected:
  void SetUp() override {
    stand_in::control(GpuApi::kHip).reset();
    if (!build_paths::kHaveAmdgcn) GTEST_SKIP() << "no interpreter of AMD kernels here";
    if (!judge_on_device(GemmBlockscaleArgs{}, {}, BlockSums::kFloat32, stream_).ok()) {
      GTEST_SKIP() << "this build has no kernels for " << stream_.device().name;
    }
  }
  DeviceBuffer on_device(const void* from, int64_t bytes) {
    DeviceBuffer buffer = DeviceBuffer::allocate(stream_, bytes).value();
    EXPECT_TRUE(buffer.upload(from, bytes).ok());
    return buffer;
  }

  Stream stream_ = Stream::gpu(GetParam(), GpuApi::kHip).value();
};
INSTANTIATE_TEST_SUITE_P(, MemoryKernelsHipTest, testing::Values(0, 2));  // gfx942, gfx950

TEST_P(MemoryKernelsHipTest, CopiesWholeVectorsAndReads) {
  constexpr int64_t kBytes = 70'000 / 16 * 16;
  std::vector<uint8_t> bytes(kBytes + 8), found(kBytes + 8);
  Random random(1);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
  const DeviceBuffer from = on_device(bytes.data(), kBytes + 8),
                     to = on_device(found.data(), kBytes + 8);
  EXPECT_TRUE(device_copy_all(stream_, to.as(), from.as(), kBytes + 8).ok());
  EXPECT_TRUE(to.download(found.data(), kBytes + 8).ok());
  std::fill(bytes.end() - 8, bytes.end(), uint8_t{0});  // no whole vector
  EXPECT_EQ(found, bytes);
  const Status read = device_read_all(stream_, from.as(), kBytes);
  EXPECT_TRUE(read.ok()) << read.message();
  EXPECT_TRUE(device_pause(stream_, 30).ok());
}

/// The stand-in gives a kernel the memory of its own device, to the byte.
TEST_P(MemoryKernelsHipTest, AKernelThatLeavesItsMemoryFails) {
  std::vector<uint8_t> zeros(4096);
  const DeviceBuffer from = on_device(zeros.data(), 4096), to = on_device(zeros.data(), 4000);
  const auto fails = [&](const void* source, int64_t bytes) {
    const Status status = device_copy_all(stream_, to.as(), source, bytes);
    return status.message().find("hipErrorLaunchFailure") != std::string::npos;
  };
  EXPECT_FALSE(fails(from.as(), 4000));
  EXPECT_TRUE(fails(from.as(), 4096)) << "96 bytes past the end of the target";
  EXPECT_TRUE(fails(zeros.data(), 4000)) << "memory of the host";
  Stream other = Stream::gpu(1, GpuApi::kHip).value();
  const DeviceBuffer elsewhere = DeviceBuffer::allocate(other, 4096).value();
  EXPECT_TRUE(fails(elsewhere.as(), 4000)) << "memory of another GPU";
}

TEST_P(MemoryKernelsHipTest, TimesGraphsOfCalls) {
  std::vector<uint8_t> zeros(4096);
  const DeviceBuffer a = on_device(zeros.data(), 4096), b = on_device(zeros.data(), 4096);
  const Timed copy = [&](int64_t) { return device_copy_all(stream_, b.as(), a.as(), 4096); };
  const auto timings = time_graphs(std::vector<Timed>{copy, copy}, {1, 2, 1e6, 0}, stream_);
  ASSERT_TRUE(timings.ok()) << timings.status().message();
  EXPECT_GT(timings->at(0).us, 0);
}

TEST_P(MemoryKernelsHipTest, JudgesAsTheHostDoes) {
  Problem problem{6, 150, 384};
  problem.ab = stream_.device().arch == Arch::kGfx942 ? DType::kE4m3fnuz : DType::kE4m3fn;
  Naive wrong;
  wrong.b_scale_row = [](int64_t n) { return (n + 1) / 128; };
  Stream host = Stream::cpu(1).value();
  for (const DType d : {DType::kBf16, DType::kF16, DType::kF32}) {
    problem.d = d;
    for (const Naive& naive : {Naive{}, wrong}) {
      GemmBlockscaleOperands operands = make_check_operands(problem, {Inputs::kRandom, 3}).value();
      poison(operands);
      testing_judge::run(naive, operands);
      const auto elements = sample_elements(gemm_size(problem), operands.seed);
      const CheckReport on_host = judge(operands, Inputs::kRandom, host, BlockSums::kFloat32);
      GemmBlockscaleArgs args = operands.args;
      const DeviceBuffer a = on_device(operands.a.data(), operands.a.bytes()),
                         b = on_device(operands.b.data(), operands.b.bytes()),
                         d_buffer = on_device(operands.d.data(), operands.d.bytes()),
                         a_scale = on_device(operands.a_scale.data(), operands.a_scale.bytes()),
                         b_scale = on_device(operands.b_scale.data(), operands.b_scale.bytes());
      const auto moved = [](const void* data, const Buffer& from, const DeviceBuffer& to) {
        return to.as<uint8_t>() + (static_cast<const uint8_t*>(data) - from.data());
      };
      args.a.data = moved(args.a.data, operands.a, a);
      args.b.data = moved(args.b.data, operands.b, b);
      args.d.data = moved(args.d.data, operands.d, d_buffer);
      args.a_scale.data =
          reinterpret_cast<const float*>(moved(args.a_scale.data, operands.a_scale, a_scale));
      args.b_scale.data =
          reinterpret_cast<const float*>(moved(args.b_scale.data, operands.b_scale, b_scale));
      const auto judged = judge_on_device(args, elements, BlockSums::kFloat32, stream_);
      ASSERT_TRUE(judged.ok()) << judged.status().message();
      EXPECT_EQ(judged->elements, 6 * 150);
      EXPECT_NEAR(judged->error / on_host.error, 1, 1e-9);
      EXPECT_EQ(judged->ok(), on_host.ok()) << judged->failure;
    }
  }
}

}  // namespace
}  // namespace octet::harness
