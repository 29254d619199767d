// Streams of the stand-in's AMD devices, for tests of ops whose code objects it interprets.
#pragma once

#include <memory>

#include "device/stand_in.h"

namespace octet::testing_hip {

inline constexpr int kGfx942 = 0, kGfx950 = 2;  // of stand_in::kHipGpus

inline std::string arch_of(int index) { return index == kGfx942 ? "gfx942" : "gfx950"; }

/// A test on both; host memory is device memory to the stand-in.
class HipTest : public stand_in::StandInTest, public testing::WithParamInterface<int> {
 protected:
  HipTest() : StandInTest(GpuApi::kHip) {}
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(GetParam(), GpuApi::kHip).value());
  }
  static stand_in::Control& control() { return stand_in::control(GpuApi::kHip); }

  std::unique_ptr<Stream> stream_;
  Stream cpu_ = Stream::cpu(2).value();
};

#define OCTET_ON_AMD_DEVICES(suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(Hip, suite,                                                          \
                           testing::Values(testing_hip::kGfx942, testing_hip::kGfx950),         \
                           [](const auto& tested) { return testing_hip::arch_of(tested.param); })

}  // namespace octet::testing_hip
