// gemm_blockscale on a GPU, on the stand-in: whose stream it uses, what it asks of the driver, what
// its errors say, and what a call costs the host.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "device/stand_in.h"
#include "ops/gemm_blockscale/small_gemm.h"
#include "src/ops/gemm_blockscale/cuda/params.h"

namespace octet {
namespace {

using ops::gemm_blockscale::Sm90Params;
using stand_in::control;
using testing_gemm::kOne;
using testing_gemm::kTwo;
using testing_gemm::SmallGemm;

constexpr const char* kSplit = "sm90_wgmma_swap_8x64x128_g1_c2";
constexpr const char* kSplitEntry = "octet_sm90_wgmma_swap_8x64_g1";

/// Host memory is device memory to the stand-in, so operands are vectors; those of tensor maps at
/// addresses that they take.
class LaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    const auto& op = ops::gemm_blockscale::op();
    if (!op.variants()[static_cast<size_t>(op.find(kSplit))].built) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    StandInTest::SetUp();
    const gpu::ContextScope scope(*driver_, context_);
    native_ = driver_->create_stream().value();
    stream_ = std::make_unique<Stream>(Stream::wrap_gpu(native_).value());
    gemm_.set_a(2, 0, 512, kTwo);
    gemm_.set_b(69, 0, 512, kOne);
    align(gemm_.args.a, gemm_.a, a_);
    align(gemm_.args.b, gemm_.b, b_);
  }
  static void align(ConstMatrix& matrix, const std::vector<uint8_t>& from,
                    std::vector<uint8_t>& to) {
    to.resize(from.size() + 1024);
    auto* begin = to.data() + (256 - reinterpret_cast<uintptr_t>(to.data()) % 256);
    std::copy(from.begin(), from.end(), begin);
    matrix.data = begin;
  }
  Status run(const char* variant = kSplit) {
    Options options;
    options.variant = variant;
    return gemm_blockscale(gemm_.args, *stream_, options);
  }

  SmallGemm gemm_{3, 70, 512};
  std::vector<uint8_t> a_, b_;
  void* native_ = nullptr;
  std::unique_ptr<Stream> stream_;
};

TEST_F(LaunchCudaTest, UsesTheCallersStreamAndNeverWaitsOrAllocates) {
  for (const char* variant : {kSplit, "sm90_simple"}) {
    control().reset();
    ASSERT_TRUE(run(variant).ok());
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 1u) << variant;
    EXPECT_EQ(launches[0].stream, native_);
    for (const char* no : {"cuStreamSynchronize", "cuMemAlloc_v2", "cuMemFree_v2", "cuStreamCreate",
                           "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemsetD8Async"}) {
      EXPECT_EQ(control().count(no), 0) << no;
    }
    EXPECT_EQ(gemm_.f32(2, 69), 1024.0f);
    EXPECT_EQ(gemm_.f32(1, 69), 0.0f);
  }
}

TEST_F(LaunchCudaTest, ClustersAndParametersArrive) {
  ASSERT_TRUE(run().ok());
  const stand_in::Launch launch = control().launches().back();
  EXPECT_EQ(launch.entry, kSplitEntry);
  EXPECT_EQ(launch.cluster, 2u);
  EXPECT_EQ(launch.grid[0], 4u) << "two blocks of 64 of n, two that share k";
  Sm90Params p;
  ASSERT_EQ(launch.parameter.size(), sizeof p);
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  EXPECT_EQ(p.split, 2);
  EXPECT_EQ(p.k_blocks, 4);
  EXPECT_EQ(p.d, gemm_.args.d.data);
  EXPECT_EQ(p.a.words[stand_in::kAddress], reinterpret_cast<uint64_t>(gemm_.args.a.data));
  EXPECT_EQ(p.b.words[stand_in::kBoxRows], 64u);
}

TEST_F(LaunchCudaTest, ContextsAreAsTheyWere) {
  int another;
  for (void* before : {static_cast<void*>(nullptr), static_cast<void*>(&another), context_}) {
    ASSERT_TRUE(driver_->set_current_context(before).ok());
    EXPECT_TRUE(run().ok());
    EXPECT_EQ(driver_->current_context().value(), before);
    control().set_fault(std::string("sticky:").append(kSplitEntry));
    (void)run();
    EXPECT_FALSE(run().ok());
    EXPECT_EQ(driver_->current_context().value(), before) << "after an error too";
    control().reset();
  }
}

TEST_F(LaunchCudaTest, IsCapturedOnceItHasRun) {
  ASSERT_TRUE(run().ok());
  std::fill(gemm_.d.begin(), gemm_.d.end(), 0xee);
  const gpu::ContextScope scope(*driver_, context_);
  ASSERT_TRUE(driver_->begin_capture(native_).ok());
  EXPECT_TRUE(run().ok());
  EXPECT_TRUE(run().ok());
  const auto graph = driver_->end_capture(native_);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_TRUE(gemm_.untouched()) << "captured, not run";
  ASSERT_TRUE(driver_->launch_graph(*graph, native_).ok());
  ASSERT_TRUE(stream_->synchronize().ok());
  EXPECT_EQ(gemm_.f32(2, 69), 1024.0f);
  EXPECT_EQ(control().launches().size(), 3u);
  EXPECT_TRUE(driver_->destroy_graph(*graph).ok());
}

TEST_F(LaunchCudaTest, MisalignedOperandsAreNamedWithTheirValue) {
  const ConstMatrix a = gemm_.args.a, b = gemm_.args.b;
  const auto expect = [&](const std::string& name, const ConstMatrix& matrix) {
    const Status status = run();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              fmt::format("gemm_blockscale: {} at 0x{:x} with {} bytes between rows: on a GPU both "
                          "must be multiples of 16 (variant sm90_simple takes any)",
                          name, reinterpret_cast<uintptr_t>(matrix.data), matrix.stride()));
    EXPECT_TRUE(run("sm90_simple").ok());
    gemm_.args.a = a;
    gemm_.args.b = b;
  };
  gemm_.args.a.data = static_cast<const uint8_t*>(a.data) + 8;
  expect("a", gemm_.args.a);
  gemm_.args.a.row_stride = 520;
  expect("a", gemm_.args.a);
  gemm_.args.b.data = static_cast<const uint8_t*>(b.data) + 1;
  expect("b", gemm_.args.b);
}

TEST_F(LaunchCudaTest, AStickyErrorNamesEntryProblemAndShape) {
  control().set_fault(std::string("sticky:").append(kSplitEntry));
  EXPECT_TRUE(run().ok()) << "faults show later";
  EXPECT_EQ(stream_->synchronize().code(), StatusCode::kBackend);
  const Status status = run();
  EXPECT_EQ(status.code(), StatusCode::kBackend);
  const std::string& message = status.message();
  for (const char* part : {"gemm_blockscale m=3 n=70 k=512: octet_sm90_wgmma_swap_8x64_g1: launch",
                           "grid 4x1x1, block 192", "clusters of 2", "ILLEGAL_ADDRESS"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
  }
}

TEST_F(LaunchCudaTest, WorkspaceOfTheCallDoesNotReachTheDriverInACapture) {
  ASSERT_TRUE(run().ok());
  const gpu::ContextScope scope(*driver_, context_);
  ASSERT_TRUE(driver_->begin_capture(native_).ok());
  EXPECT_EQ(stream_->workspace(1 << 20).status().code(), StatusCode::kBackend);
  EXPECT_TRUE(run().ok());
  const auto graph = driver_->end_capture(native_);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  ASSERT_TRUE(driver_->destroy_graph(graph.value()).ok());
}

/// Median microseconds of `call`.
template <class Call>
double median_us(const Call& call) {
  using Clock = std::chrono::steady_clock;
  constexpr int kBatch = 50;
  std::vector<double> samples;
  for (int i = 0; i < 200; ++i) {
    const auto begin = Clock::now();
    for (int j = 0; j < kBatch; ++j) call();
    samples.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count() /
                      kBatch);
  }
  std::nth_element(samples.begin(), samples.begin() + 100, samples.end());
  return samples[100];
}

class TimeLaunchCudaTest : public LaunchCudaTest {};

/// Aim: 2 us over the driver's own launch. The bound is loose: other work may share the machine.
TEST_F(TimeLaunchCudaTest, ACallCostsTheHostLittle) {
  ASSERT_TRUE(run().ok());
  control().set_work(false, false);
  gpu::ContextScope scope(*driver_, context_);
  auto* launch = stand_in::symbol<int(const stand_in::LaunchConfig*, void*, void**, void**)>(
      "cuLaunchKernelEx");
  Sm90Params parameter{};
  void* parameters[] = {&parameter};
  stand_in::LaunchConfig config{{4, 1, 1}, {192, 1, 1}, 0, native_, nullptr, 0};
  const double bare = median_us([&] { (void)launch(&config, &parameter, parameters, nullptr); });
  for (const char* variant : {"", kSplit, "sm90_simple"}) {
    bool right = true;
    const double us = median_us([&] { right &= run(variant).ok(); });
    EXPECT_TRUE(right);
    std::printf("dispatch '%s': %.2f us a call, %.2f us over a bare launch of %.2f us\n", variant,
                us, us - bare, bare);
    EXPECT_LT(us - bare, 2) << variant;
  }
}

}  // namespace
}  // namespace octet
