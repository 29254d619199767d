// What cannot be run from sources; that they run, and are right, tests of every op show.
#include "tests/amdgcn/source_kernels.h"

#include "device/scoped_env.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

constexpr const char* kModules = OCTET_AMDGCN_KERNELS "/..";

/// The error of a launch of a kernel that no module has.
std::string error_on(const char* arch, const char* folder, const char* fault = nullptr,
                     uint32_t lds_bytes = 0) {
  const auto code = load_code(std::string("probes.") + arch + ".co");
  const KernelCode& kernel = code->kernels()[0];
  const std::vector<std::byte> parameter(kernel.kernarg_bytes);
  const testing_env::ScopedEnv sources("OCTET_AMDGCN_SOURCES", folder);
  const testing_env::ScopedEnv faults("OCTET_FIBERS_FAULT", fault);
  Memory memory;
  Launch launch;
  launch.entry = kernel.name;
  launch.kernarg = parameter;
  launch.dynamic_lds_bytes = lds_bytes;
  return error_of([&] { launch_either(*code, memory, launch); });
}

/// Whether gfx942 is a target here.
bool has_sources() {
  return std::ifstream(std::string(kModules) + "/libhip_sources_gfx942.so").good();
}

TEST(SourceKernels, RefuseWhatNoModuleHas) {
  if (has_sources()) EXPECT_TRUE(error_on("gfx942", kModules).starts_with("no source of "));
  EXPECT_NE(error_on("gfx950", "/nowhere").find("/nowhere/libhip_sources_gfx950.so"),
            std::string::npos);
}

TEST(SourceKernels, RefuseAFaultThatTheyDoNotKnow) {
  if (!has_sources()) GTEST_SKIP() << "this build has no kernels of gfx942";
  EXPECT_EQ(error_on("gfx942", kModules, "lost_wave"), "OCTET_FIBERS_FAULT is 'lost_wave'");
}

TEST(SourceKernels, RefuseMemoryThatTheLaunchAdds) {
  EXPECT_NE(error_on("gfx942", kModules, nullptr, 64).find("no LDS of the launch"),
            std::string::npos);
}

}  // namespace
}  // namespace octet::amdgcn
