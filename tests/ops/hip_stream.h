// Tests of ops on the stand-in's AMD devices, which interprets their code objects in memory of its
// own.
#pragma once

#include <functional>
#include <memory>

#include "bench/device_copies.h"
#include "device/stand_in.h"
#include "src/select/op.h"

namespace octet::testing_hip {

inline constexpr int kGfx942 = 0, kGfx950 = 2;  // of stand_in::kHipGpus

inline std::string arch_of(int index) { return index == kGfx942 ? "gfx942" : "gfx950"; }

/// Operands of a call on the device, exactly as many bytes, and what is to come back.
class Operands {
 public:
  explicit Operands(Stream& stream) : stream_(stream), copies_(stream) {}

  template <class Pointer, class T>
  void in(Pointer& data, const std::vector<T>& from, int64_t offset = 0) {
    if (data == nullptr || from.empty()) return;
    EXPECT_TRUE(copies_.place(data, from, offset).ok());
    ++placed_;
  }
  template <class Pointer, class T>
  void out(Pointer& data, std::vector<T>& to) {
    if (data == nullptr || to.empty()) return;
    in(data, to);
    back_.push_back([this, at = placed_ - 1, &to] { return copies_.fetch(at, to); });
  }
  /// What is to come back, or the error of the call or of the kernel.
  Status finish(const Status& call) {
    OCTET_CHECK_OK(call);
    OCTET_CHECK_OK(stream_.synchronize());
    for (const auto& fetch : back_) OCTET_CHECK_OK(fetch());
    return Status::Ok();
  }

 private:
  Stream& stream_;
  bench::Copies copies_;
  size_t placed_ = 0;
  std::vector<std::function<Status()>> back_;
};

/// A test on both archs.
class HipTest : public stand_in::StandInTest, public testing::WithParamInterface<int> {
 protected:
  HipTest() : StandInTest(GpuApi::kHip) {}
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(GetParam(), GpuApi::kHip).value());
  }
  static stand_in::Control& control() { return stand_in::control(GpuApi::kHip); }
  /// That no call since the last reset waited for the device or allocated.
  static void expect_launches_alone() {
    for (const char* no :
         {"hipStreamSynchronize", "hipMalloc", "hipMemcpyHtoDAsync", "hipMemsetD8Async"}) {
      EXPECT_EQ(control().count(no), 0) << no;
    }
  }

  std::unique_ptr<Stream> stream_;
  Stream cpu_ = Stream::cpu(2).value();
};

/// A test of what a GEMM refuses before it launches, on a gfx942: operands are addresses, nothing
/// runs.
class HipRefusalTest : public stand_in::StandInTest {
 protected:
  explicit HipRefusalTest(const select::Op& op) : StandInTest(GpuApi::kHip), op_(op) {}
  void SetUp() override {
    if (!op_.variants()[static_cast<size_t>(op_.find("gfx942_simple"))].built_on(Arch::kGfx942)) {
      GTEST_SKIP() << "this build has no gfx942 kernels";
    }
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(kGfx942, GpuApi::kHip).value());
  }
  template <class Args>
  void point(Args& args) const {
    args.a.data = args.b.data = aligned_;
    args.a_scale.data = args.b_scale.data = aligned_;
  }
  /// Of a call of the op by `variant`.
  static void expect_refused(const Status& status, const char* variant, const std::string& part) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << variant;
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
    EXPECT_TRUE(stand_in::control(GpuApi::kHip).launches().empty());
  }

  alignas(16) uint8_t aligned_[1024] = {};
  std::unique_ptr<Stream> stream_;

 private:
  const select::Op& op_;
};

#define OCTET_ON_AMD_DEVICES(suite)                                                     \
  INSTANTIATE_TEST_SUITE_P(Hip, suite,                                                  \
                           testing::Values(testing_hip::kGfx942, testing_hip::kGfx950), \
                           [](const auto& tested) { return testing_hip::arch_of(tested.param); })

}  // namespace octet::testing_hip
