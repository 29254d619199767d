// Tests of ops on the stand-in's AMD devices, which interprets their code objects in memory of its
// own.
#pragma once

#include <functional>
#include <memory>

#include "bench/device_copies.h"
#include "device/stand_in.h"

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

#define OCTET_ON_AMD_DEVICES(suite)                                                     \
  INSTANTIATE_TEST_SUITE_P(Hip, suite,                                                  \
                           testing::Values(testing_hip::kGfx942, testing_hip::kGfx950), \
                           [](const auto& tested) { return testing_hip::arch_of(tested.param); })

}  // namespace octet::testing_hip
