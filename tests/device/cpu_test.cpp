// This machine as a Device: tier, threads, and what the environment may lower.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <set>

#include "device/scoped_env.h"
#include "octet/device.h"
#include "src/core/text.h"

namespace octet {
namespace {

using testing_env::ScopedEnv;

/// The flags that the kernel shows for this processor, an independent view of CPUID.
std::set<std::string> kernel_flags() {
  std::set<std::string> flags;
  const std::string cpuinfo = read_file("/proc/cpuinfo").value();
  for (const std::string& line : split(cpuinfo, '\n')) {
    if (!line.starts_with("flags")) continue;
    for (const std::string& word : split(line.substr(line.find(':') + 1), ' ')) flags.insert(word);
    break;
  }
  return flags;
}

class Cpu : public testing::Test {
 protected:
  const ScopedEnv no_arch_{"OCTET_CPU_ARCH", nullptr};
  const ScopedEnv no_threads_{"OCTET_THREADS", nullptr};
};

TEST_F(Cpu, TheTierAgreesWithTheFlagsOfTheKernel) {
  const Device device = cpu_device().value();
  EXPECT_EQ(device.name, "cpu");
  EXPECT_TRUE(is_cpu(device.arch));
  const std::set<std::string> flags = kernel_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo lists no flags here";
  const auto has = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (!flags.contains(name)) return false;
    }
    return true;
  };
  const bool avx2 = has({"avx2", "fma", "f16c"});
  const bool avx512 = avx2 && has({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi"});
  const bool bf16 = avx512 && has({"avx512_bf16"});
  EXPECT_EQ(arch_runs(device.arch, Arch::kX86Avx2), avx2);
  EXPECT_EQ(arch_runs(device.arch, Arch::kX86Avx512), avx512);
  EXPECT_EQ(device.has_avx512_bf16, bf16);
  if (!bf16 || !has({"amx_tile", "amx_bf16", "gfni"})) {
    EXPECT_NE(device.arch, Arch::kX86Amx);
  }
}

TEST_F(Cpu, ThreadsDefaultToTheCoresOfThisProcess) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_EQ(cpu_device().value().cu_num, CPU_COUNT(&set));
  EXPECT_EQ(cpu_device(7).value().cu_num, 7);
  EXPECT_GT(cpu_device().value().memory_bytes, 0);
  for (const int threads : {-1, 1025}) {
    const Status status = cpu_device(threads).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "threads = " + std::to_string(threads) + ", must be 0 to 1024");
  }
}

TEST_F(Cpu, OctetThreadsSetsTheDefaultAndIsCheckedForSense) {
  {
    const ScopedEnv three("OCTET_THREADS", "3");
    EXPECT_EQ(cpu_device().value().cu_num, 3);
    EXPECT_EQ(cpu_device(2).value().cu_num, 2) << "the caller's number wins";
  }
  for (const char* bad : {"0", "-1", "1025", "two", "2x", " 2", "99999999999999999999"}) {
    const ScopedEnv variable("OCTET_THREADS", bad);
    const auto device = cpu_device();
    EXPECT_EQ(device.status().code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(device.status().message(),
              std::string("OCTET_THREADS=") + bad + ": must be 1 to 1024");
  }
}

TEST_F(Cpu, OctetCpuArchLowersTheTier) {
  for (const Arch tier : arch_chain(cpu_device().value().arch)) {
    const std::string name(arch_name(tier));
    const ScopedEnv variable("OCTET_CPU_ARCH", name.c_str());
    const auto device = cpu_device(2);
    ASSERT_TRUE(device.ok()) << device.status().message();
    EXPECT_EQ(device->arch, tier);
    if (tier < Arch::kX86Avx512) {
      EXPECT_FALSE(device->has_avx512_bf16) << name;
    }
  }
}

TEST_F(Cpu, OctetCpuArchCannotRaiseTheTierOrNameSomethingElse) {
  {
    const ScopedEnv gpu("OCTET_CPU_ARCH", "sm90");
    const Status status = cpu_device().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "OCTET_CPU_ARCH=sm90: not a CPU tier");
  }
  {
    const ScopedEnv slip("OCTET_CPU_ARCH", "x86_avx");
    const Status status = cpu_device().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("'x86_avx' (did you mean 'x86_avx2'?)"), std::string::npos)
        << status.message();
  }
  if (cpu_device().value().arch == Arch::kX86Amx) GTEST_SKIP() << "no tier above this machine's";
  const ScopedEnv above("OCTET_CPU_ARCH", "x86_amx");
  const Status status = cpu_device().status();
  EXPECT_EQ(status.code(), StatusCode::kNoDevice);
  EXPECT_TRUE(status.message().starts_with("OCTET_CPU_ARCH=x86_amx: this machine has "))
      << status.message();
}

}  // namespace
}  // namespace octet
