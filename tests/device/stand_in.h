// For tests that run on the stand-ins for libcuda and libamdhip64 inside their own process. To
// include it is to make every GPU of the process one of theirs.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "build_paths.h"
#include "device/stand_in_cuda.h"
#include "octet/stream.h"
#include "src/device/gpu_queue.h"

namespace octet::stand_in {

using build_paths::kStandInCuda;
using build_paths::kStandInHip;

/// Two archs and three numbers of compute units.
inline constexpr const char* kHipGpus = "gfx942:304,gfx942:80,gfx950:256,gfx1100:96,gfx942:38";

/// Before main: a driver is opened once, by whichever test comes first.
inline const bool kIsDriver = ::setenv("OCTET_CUDA_DRIVER", kStandInCuda, 1) == 0 &&
                              ::setenv("OCTET_HIP_DRIVER", kStandInHip, 1) == 0 &&
                              ::setenv("OCTET_STAND_IN_GPUS", kHipGpus, 1) == 0;

/// A function that a stand-in exports.
template <class F>
F* symbol(const char* name, const char* file = kStandInCuda) {
  void* library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << ::dlerror();
  return reinterpret_cast<F*>(::dlsym(library, name));
}

inline Control& control(GpuApi api = GpuApi::kCuda) {
  static Control& cuda = *symbol<Control*()>("octet_stand_in")();
  static Control& hip = *symbol<Control*()>("octet_stand_in", kStandInHip)();
  return api == GpuApi::kHip ? hip : cuda;
}

/// The smallest image in which a stand-in finds `names`; for libamdhip64 with the number of an
/// arch.
inline constexpr uint32_t kGfx942 = 0x4c, kGfx950 = 0x4f;  // EF_AMDGPU_MACH_AMDGCN_*
class Image {
 public:
  explicit Image(const std::vector<std::string>& names, uint32_t amd_arch = 0) : bytes_(64) {
    constexpr uint16_t kAmdGpu = 224;  // EM_AMDGPU
    std::memcpy(bytes_.data(), "\177ELF\2\1\1", 7);
    if (amd_arch != 0) std::memcpy(bytes_.data() + 18, &kAmdGpu, sizeof kAmdGpu);
    std::memcpy(bytes_.data() + 48, &amd_arch, sizeof amd_arch);
    bytes_.push_back('\0');
    for (const std::string& name : names) {
      bytes_.insert(bytes_.end(), name.begin(), name.end());
      bytes_.push_back('\0');
    }
    const uint64_t end = bytes_.size();
    std::memcpy(bytes_.data() + 40, &end, sizeof end);  // e_shoff; no sections
  }
  const unsigned char* data() const { return bytes_.data(); }

 private:
  std::vector<unsigned char> bytes_;
};

/// Forgets what happened before it; no context is current.
class StandInTest : public testing::Test {
 protected:
  explicit StandInTest(GpuApi api = GpuApi::kCuda) : api_(api) {}

  void SetUp() override {
    control(api_).reset();
    const auto opened = gpu::driver_of(api_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    driver_ = *opened;
    context_ = driver_->primary_context(0).value();
    leave_context();
    control(api_).reset();
  }
  void TearDown() override {
    if (driver_ == nullptr) return;  // skipped before it was opened
    control(api_).reset();
    leave_context();
  }
  /// HIP has no "none": its first device.
  void leave_context() {
    void* none = api_ == GpuApi::kHip ? context_ : nullptr;
    ASSERT_TRUE(driver_->set_current_context(none).ok());
  }

  const GpuApi api_;
  const gpu::Driver* driver_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace octet::stand_in
