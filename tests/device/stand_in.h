// For tests that run on the stand-in for libcuda inside their own process. To include it is to make
// every GPU of the process the stand-in.
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

/// Before main: the driver is opened once, by whichever test comes first.
inline const bool kIsDriver = ::setenv("OCTET_CUDA_DRIVER", kStandInCuda, 1) == 0;

/// A function that the stand-in exports.
template <class F>
F* symbol(const char* name) {
  static void* library = ::dlopen(kStandInCuda, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << ::dlerror();
  return reinterpret_cast<F*>(::dlsym(library, name));
}

inline Control& control() {
  static Control& found = *symbol<Control*()>("octet_stand_in")();
  return found;
}

/// The smallest image in which the stand-in finds `names`.
class Image {
 public:
  explicit Image(const std::vector<std::string>& names) : bytes_(64) {
    std::memcpy(bytes_.data(), "\177ELF\2\1\1", 7);
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
  void SetUp() override {
    (void)control();
    const auto opened = gpu::cuda_driver();
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    driver_ = *opened;
    context_ = driver_->primary_context(0).value();
    ASSERT_TRUE(driver_->set_current_context(nullptr).ok());
    control().reset();
  }
  void TearDown() override {
    if (driver_ == nullptr) return;  // skipped before it was opened
    control().reset();
    (void)driver_->set_current_context(nullptr);
  }

  const gpu::Driver* driver_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace octet::stand_in
