// The files that a driver may be.
#include "src/device/driver_files.h"

#include <gtest/gtest.h>

namespace octet::gpu {
namespace {

TEST(DriverFiles, AFileThatIsNamedIsTheOnlyOne) {
  for (const auto& files : {cuda_files("/my/driver.so"), hip_files("/my/driver.so")}) {
    EXPECT_EQ(files, std::vector<std::string>{"/my/driver.so"});
  }
}

TEST(DriverFiles, OfHipTheNewestVersionThatIsOnTheLoadersPathComesFirst) {
  const std::vector<std::string> files = hip_files("");
  EXPECT_EQ(files.front(), "libamdhip64.so.7");
  EXPECT_EQ(files.back(), "libamdhip64.so.5");
  EXPECT_EQ(cuda_files("").front(), "libcuda.so.1");
}

}  // namespace
}  // namespace octet::gpu
